import FoundationEssentials
import HTTPTransport

/// What a server says about an error, in any of the forms that servers use.
struct ErrorAnswer: Decodable {
    /// One line.
    var message: String

    private struct Fault: Decodable {
        var message: String?
    }

    private enum Key: String, CodingKey {
        case error, message, detail
    }

    /// Reads OpenAI's `{"error": {"message": ...}}`, `{"error": "..."}`, `{"message": ...}` and `{"detail": ...}`.
    ///
    /// Throws when none of these is there.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        if fields.contains(.error), try !fields.decodeNil(forKey: .error) {
            let fault = try? fields.decode(Fault.self, forKey: .error)
            message = fault?.message ?? (try? fields.decode(String.self, forKey: .error)) ?? "no reason given"
        } else if let text = try? fields.decode(String.self, forKey: .message) {
            message = text
        } else {
            message = try fields.decode(String.self, forKey: .detail)
        }
        message = message.shortened
    }

    /// The error in a body; nil for a body that has none.
    static func message(in body: [UInt8]) -> String? {
        try? JSONDecoder().decode(ErrorAnswer.self, from: Data(body)).message
    }
}
