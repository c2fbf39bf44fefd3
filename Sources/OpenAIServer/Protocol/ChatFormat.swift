import Foundation
import TextGeneration

/// Writes `chat.completion` and `chat.completion.chunk`.
struct ChatFormat: AnswerFormat {
    var identity: ResponseIdentity
    var includeReasoning: Bool
    /// Whether a stream ends with its cost; chunks have a usage of null before.
    var includeUsage: Bool
    /// Whether answers are calls of tools and nothing else.
    var isHeldToCalls: Bool

    func opening(choices: Int) throws -> [ServerSentEvent] {
        try (0..<choices).map { choice in
            let delta = ChunkChoice.Delta(role: "assistant", content: isHeldToCalls ? nil : "")
            return try chunk(ChunkChoice(index: choice, delta: delta))
        }
    }

    func events(_ piece: AnswerPiece) throws -> [ServerSentEvent] {
        let reasoning = includeReasoning && !piece.reasoning.isEmpty ? piece.reasoning : nil
        var deltas = [
            ChunkChoice.Delta(
                content: piece.text.isEmpty ? nil : piece.text,
                reasoningContent: reasoning,
                reasoning: reasoning
            )
        ]
        // One call in each chunk: clients that add up chunks see its parts come one after the other.
        deltas += piece.calls.map { ChunkChoice.Delta(toolCalls: [ChunkChoice.Call($0)]) }
        if deltas.count > 1, deltas[0].isEmpty { deltas.removeFirst() }
        var choices = deltas.map { ChunkChoice(index: piece.choice, delta: $0) }
        choices[0].logprobs = piece.logprobs.isEmpty ? nil : ChatLogprobs(piece.logprobs)
        choices[choices.count - 1].finishReason = piece.result?.openAIFinishReason
        return try choices.filter { !$0.isEmpty }.map(chunk)
    }

    func closing(_ usage: Usage) throws -> [ServerSentEvent] {
        (includeUsage ? [try chunk([], usage: .told(usage))] : []) + [.done]
    }

    func response(_ answers: [Answer], _ usage: Usage) throws -> Data {
        try JSONOutput.data(
            ResponseObject("chat.completion", identity, choices: answers.map(choice), usage: .told(usage))
        )
    }

    private func chunk(_ choice: ChunkChoice) throws -> ServerSentEvent {
        try chunk([choice], usage: includeUsage ? .later : nil)
    }

    private func chunk(_ choices: [ChunkChoice], usage: StreamUsage?) throws -> ServerSentEvent {
        let object = ResponseObject("chat.completion.chunk", identity, choices: choices, usage: usage)
        return ServerSentEvent(data: try JSONOutput.data(object))
    }

    private func choice(_ answer: Answer) -> CompletionChoice {
        let result = answer.result
        let reasoning = includeReasoning && !result.reasoning.isEmpty ? result.reasoning : nil
        return CompletionChoice(
            index: answer.choice,
            message: CompletionChoice.Message(
                content: result.answer.isEmpty && !result.toolCalls.isEmpty ? nil : result.answer,
                toolCalls: result.toolCalls.isEmpty ? nil : result.toolCalls.map(CompletionChoice.Call.init),
                reasoningContent: reasoning,
                reasoning: reasoning
            ),
            logprobs: answer.logprobs.map(ChatLogprobs.init),
            finishReason: result.openAIFinishReason
        )
    }
}

/// A choice of `chat.completion.chunk`.
private struct ChunkChoice: Encodable {
    struct Delta: Encodable {
        var role: String?
        var content: String?
        var toolCalls: [Call]?
        /// Both names that clients know.
        var reasoningContent: String?
        var reasoning: String?

        var isEmpty: Bool { content == nil && toolCalls == nil && reasoning == nil }
    }

    /// The first part of a call names the function; the others have more of the arguments.
    struct Call: Encodable {
        struct Function: Encodable {
            var name: String?
            var arguments: String
        }

        var index: Int
        var id: String?
        var type: String?
        var function: Function

        init(_ piece: ToolCallPiece) {
            index = piece.index
            if piece.name != nil { (id, type) = (ResponseIdentity.newID("call_"), "function") }
            function = Function(name: piece.name, arguments: piece.arguments)
        }
    }

    var index: Int
    var delta: Delta
    @Nullable var logprobs: ChatLogprobs?
    @Nullable var finishReason: String?

    var isEmpty: Bool { delta.isEmpty && logprobs == nil && finishReason == nil }
}

/// A choice of `chat.completion`.
private struct CompletionChoice: Encodable {
    struct Call: Encodable {
        struct Function: Encodable {
            var name: String
            var arguments: String
        }

        var id = ResponseIdentity.newID("call_")
        var type = "function"
        var function: Function

        init(_ call: ToolCall) {
            function = Function(name: call.name, arguments: call.arguments)
        }
    }

    struct Message: Encodable {
        var role = "assistant"
        @Nullable var content: String?
        @Nullable var refusal: String?
        var toolCalls: [Call]?
        var reasoningContent: String?
        var reasoning: String?
    }

    var index: Int
    var message: Message
    @Nullable var logprobs: ChatLogprobs?
    var finishReason: String
}

/// Log-probabilities of every token of an answer, thinking included.
struct ChatLogprobs: Encodable, Sendable {
    struct Entry: Encodable, Sendable {
        var token: String
        var logprob: Double
        var bytes: [Int]

        init(_ entry: TokenTextLogprobs.Entry) {
            token = entry.text
            logprob = entry.finiteLogprob
            bytes = entry.bytes.map(Int.init)
        }
    }

    struct Token: Encodable, Sendable {
        var token: String
        var logprob: Double
        var bytes: [Int]
        var topLogprobs: [Entry]
    }

    var content: [Token]
    @Nullable var refusal: [Token]?

    init(_ tokens: [TokenTextLogprobs]) {
        content = tokens.map { token in
            let drawn = Entry(token.drawn)
            return Token(
                token: drawn.token,
                logprob: drawn.logprob,
                bytes: drawn.bytes,
                topLogprobs: token.top.map(Entry.init)
            )
        }
    }
}

extension TokenTextLogprobs.Entry {
    /// JSON has no infinity; OpenAI writes what is as good as impossible like this.
    var finiteLogprob: Double {
        logprob.isFinite ? Double(logprob) : -9999
    }
}
