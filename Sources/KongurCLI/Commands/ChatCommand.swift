import ArgumentParser
import Foundation
import Kongur
import OpenAIClient

/// `kongur chat`: a conversation.
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Talk with a model.",
        discussion: """
            Ctrl-C stops an answer; /bye or Ctrl-D ends the conversation. The arrow keys bring back what was said before. Alt-Enter, or \
            a \\ at the end of a line, begins another line, and what is pasted may have many. /help lists what else can be said. With \
            --server the model is one of a server, and of the options for sampling those that are given are sent to it.
            """
    )

    @Argument(help: "The model; the bundled one where not given.", completion: Completions.models)
    var name: String?

    @OptionGroup(title: "Model") var model: ModelArguments
    @OptionGroup(title: "Server") var client: ClientArguments
    @OptionGroup(title: "Sampling") var sampling: SamplingArguments

    @OptionGroup var system: SystemArguments
    @OptionGroup var thinking: ThinkingArguments

    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            "Keep what is said for the arrow keys of later conversations.",
            discussion: "In kongur/chat-history of XDG_STATE_HOME, or else of ~/.local/state."
        )
    )
    var history = true

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
            let chat = ChatSession(loaded, instructions: system.text)
            let title = name ?? ModelLocator.bundled
            greet("\(title), a context of \(loaded.contextLength.formatted()) tokens")
            let bound = sampling.maxNewTokens == nil && !sampling.ignoreEOS ? AnswerBound(loaded) : nil
            var talk = ChatTalk(chat, sampling, thinking.display(default: false), bound)
            return try await talk.run(keepsHistory: history)
        }
        try await client.withClient(of: server) { client, model in
            greet("\(model) at \(client.address)")
            let chat = ServerConversation(client, model: model, instructions: system.text, sampling)
            var talk = ChatTalk(chat, sampling, thinking.display(default: false))
            try await talk.run(keepsHistory: history)
        }
    }

    private func greet(_ what: String) {
        Console.note("\(what); /help lists what can be said, /bye ends")
    }
}
