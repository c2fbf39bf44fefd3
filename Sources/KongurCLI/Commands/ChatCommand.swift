import ArgumentParser
import Foundation
import Kongur
import OpenAIClient
import Synchronization

/// `kongur chat`: a conversation.
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Talk with a model.",
        discussion: """
            Ctrl-C stops an answer; /quit or Ctrl-D ends the conversation. The arrow keys bring back what was said before. Alt-Enter, or \
            a \\ at the end of a line, begins another line, and what is pasted may have many. /help lists what else can be said. With \
            --server the model is one of a server, and of the options for sampling those that are given are sent to it.
            """
    )

    @Argument(help: "The model; the bundled one where not given.")
    var name: String?

    @OptionGroup(title: "Model") var model: ModelArguments
    @OptionGroup(title: "Server") var client: ClientArguments
    @OptionGroup(title: "Sampling") var sampling: SamplingArguments

    @Option(help: "A system message for the whole conversation.")
    var system: String?

    @Flag(help: "Show the thinking instead of folding it into one line.")
    var showThinking = false

    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            "Keep what is said for the arrow keys of later conversations.",
            discussion: "In kongur/chat-history of XDG_STATE_HOME, or else of ~/.local/state."
        )
    )
    var history = true

    private static let help = """
        /clear      forget what was said
        /think      show or fold the thinking
        /quit       end
        Up, Down    what was said before
        Alt-Enter   another line; so does a \\ at the end
        Ctrl-C      stop the answer, or empty the line
        """

    func validate() throws {
        if client.server != nil, name != nil || !model.isDefault {
            throw ValidationError(
                "With --server no model runs here: leave out MODEL and its options; --model says which of the server's."
            )
        }
    }

    func run() async throws {
        guard let server = client.server else {
            let loaded = try LanguageModel.loadWithProgress(name, model.options)
            return try await talk(ChatSession(loaded, instructions: system, parameters: sampling.parameters))
        }
        try await client.withClient(of: server) { client, model in
            Console.note("\(model) at \(client.address)")
            let parameters = AnswerRequest(model: model, input: .messages([]), sampling)
            try await talk(ServerConversation(client, instructions: system, parameters))
        }
    }

    private func talk(_ chat: some Conversation) async throws {
        let answering = Mutex<Task<Void, any Error>?>(nil)
        Terminal.onInterrupt {
            let answer = answering.withLock { $0 }
            if let answer {
                answer.cancel()
            } else {
                Console.note("\n\(ChatInput.endingHint)")
            }
        }
        var showsThinking = showThinking
        var input = ChatInput(keepsHistory: history)
        while let line = input.next() {
            switch line.trimmingCharacters(in: .whitespacesAndNewlines) {
            case "": continue
            case "/quit", "/exit": return
            case "/help": Console.note(Self.help)
            case "/clear": chat.clear()
            case "/think":
                showsThinking.toggle()
                Console.note(showsThinking ? "thinking is shown" : "thinking is folded")
            case let command where command.hasPrefix("/"): Console.note("there is no \(command)\n\(Self.help)")
            case let text:
                if chat.isEmpty, LanguageHint.isMostlyChinese(text) { Console.note(LanguageHint.text) }
                let thinking = showsThinking ? AnswerPrinter.Thinking.shown : .folded
                let task = Task { try await Self.answer(chat, text, thinking) }
                answering.withLock { $0 = task }
                defer { answering.withLock { $0 = nil } }
                try await task.value
            }
        }
    }

    private static func answer(
        _ chat: some Conversation,
        _ text: String,
        _ thinking: AnswerPrinter.Thinking
    ) async throws {
        var printer = AnswerPrinter(thinking: thinking)
        do {
            try await chat.answer(text) { event in
                printer.print(event)
                if case .finished(let summary) = event { Console.note(summary.line) }
            }
        } catch let error as KongurError where error.code == .cancelled {
            printer.end()
            Console.note("stopped")
        } catch let error as KongurError where error.code == .invalidInput || error.code == .networkFailed {
            // A conversation that has become too long, or a server that is busy, is no reason to lose what was said.
            printer.end()
            Console.note("kongur: error: \(error.message)")
        }
    }
}
