import ArgumentParser
import Kongur

/// What an answer must look like.
struct FormatArguments: ParsableArguments {
    @Option(
        name: .customLong("json-schema"),
        help: ArgumentHelp("Hold the answer to the JSON Schema in this file; - is standard input.", valueName: "file")
    )
    var schemaFile: String?

    @Flag(name: .customLong("json-object"), help: "Hold the answer to be a JSON object.")
    var isObject = false

    func validate() throws {
        if schemaFile != nil, isObject {
            throw ValidationError("--json-schema and --json-object exclude each other.")
        }
    }

    /// Whether standard input is the schema.
    var readsStandardInput: Bool { schemaFile == "-" }

    /// Throws `.invalidInput` for a file that cannot be read.
    var format: AnswerFormat? {
        get throws {
            if let schemaFile { return .jsonSchema(try InputFile.readText(schemaFile)) }
            return isObject ? .jsonObject : nil
        }
    }
}
