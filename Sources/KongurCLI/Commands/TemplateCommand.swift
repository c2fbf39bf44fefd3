import ArgumentParser
import Kongur
import TextGeneration
import Tokenizers

/// `kongur template`: a conversation as the text that the model continues.
struct TemplateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template",
        abstract: "Print a conversation through the model's chat template, as JSON with its text and token ids."
    )

    @Argument(help: "The checkpoint folder.", completion: .directory)
    var model: String

    @Argument(help: "A JSON file with an array of messages, each with role and content; - is standard input.")
    var messages: String

    @Option(help: ArgumentHelp("A JSON file with an array of tools in the OpenAI form.", valueName: "path"))
    var tools: String?

    @Flag(inversion: .prefixedNo, help: "End with the beginning of the assistant's answer.")
    var generationPrompt = true

    @Option(
        help: "Which of the model's templates to use. Default: tool_use with --tools if there is one, else default."
    )
    var name: String?

    @OptionGroup var prompts: PromptArguments

    private struct Output: Encodable {
        var text: String
        var ids: [Int]
    }

    func run() async throws {
        let folder = try ModelLocator().locate(model).folder
        guard let template = try ChatTemplate.load(directory: folder, name: name) else {
            throw KongurError(.invalidModel, "\(folder): has no chat template\(name.map { " '\($0)'" } ?? "")")
        }
        let prompt = try template.prompt(
            messages: Self.messages(InputFile.read(messages), messages),
            tools: tools.map { try Self.array(InputFile.read($0), $0) },
            addGenerationPrompt: generationPrompt,
            variables: prompts.chatTemplateKwargs?.variables ?? JSONObject()
        )
        // The template has written every special token that belongs there.
        let tokenizer = try Tokenizer.load(directory: folder)
        let ids = prompts.allowSpecialTokens ? tokenizer.encode(prompt.text) : TextGenerator.encode(prompt, tokenizer)
        try Console.print(json: Output(text: prompt.text, ids: ids))
    }

    private static func array(_ bytes: [UInt8], _ path: String) throws -> [JSONValue] {
        guard let array = try JSONValue(parsing: bytes, name: path).array else {
            throw KongurError(.invalidInput, "\(path): must hold a JSON array")
        }
        return array
    }

    private static func messages(_ bytes: [UInt8], _ path: String) throws -> [ChatMessage] {
        try array(bytes, path).enumerated().map { index, value in
            guard let message = ChatMessage(value) else {
                throw KongurError(.invalidInput, "\(path): message \(index) must be an object with a role")
            }
            return message
        }
    }
}
