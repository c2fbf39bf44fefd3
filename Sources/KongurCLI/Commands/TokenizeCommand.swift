import ArgumentParser
import Kongur
import Tokenizers

/// `kongur tokenize`: the ids of a text.
struct TokenizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Print the token ids of a text as JSON."
    )

    @Argument(help: "The checkpoint folder.", completion: .directory)
    var model: String

    @Option(help: "The text.")
    var text: String?

    @Option(help: ArgumentHelp("A file that holds the text; - is standard input.", valueName: "path"))
    var file: String?

    @Flag(inversion: .prefixedNo, help: "Add the tokens that the model wants around a text.")
    var specialTokens = true

    private struct Output: Encodable {
        var ids: [Int]
        var tokens: [String]
    }

    func validate() throws {
        guard (text == nil) != (file == nil) else { throw ValidationError("Give either --text or --file.") }
    }

    func run() async throws {
        let tokenizer = try Tokenizer.load(directory: ModelLocator().locate(model).folder)
        let text = try text ?? InputFile.readText(file ?? "-")
        let ids = tokenizer.encode(text, addSpecialTokens: specialTokens)
        try Console.print(json: Output(ids: ids, tokens: ids.map { tokenizer.token(of: $0) ?? "" }))
    }
}
