import BatchJobs
import Tokenizers

/// For how long a file is kept, in OpenAI's words.
enum FileLifetime {
    private static let range = 3600...BatchFolder.lifetime

    /// Seconds after a file's creation.
    static func seconds(_ fields: RequestFields) throws(APIError) -> Int {
        guard try fields.string("anchor") == "created_at" else {
            throw .invalid(fields.name("anchor"), "'\(fields.name("anchor"))' is \"created_at\"")
        }
        guard let seconds = try fields.int("seconds", in: range) else {
            throw .invalid(fields.name("seconds"), "'\(fields.name("seconds"))' is missing")
        }
        return seconds
    }

    /// The same from the fields of a form.
    static func seconds(anchor: String, seconds: String?) throws(APIError) -> Int {
        let value = seconds.flatMap { Int($0) }
        return try Self.seconds(
            RequestFields(
                ["anchor": .string(anchor), "seconds": value.map { JSONValue.int($0) } ?? .null],
                path: "expires_after"
            )
        )
    }
}
