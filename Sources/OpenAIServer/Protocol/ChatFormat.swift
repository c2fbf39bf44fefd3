import Foundation
import TextGeneration

/// Writes `chat.completion` and `chat.completion.chunk`.
struct ChatFormat: AnswerFormat {
    var identity: ResponseIdentity
    var includeReasoning: Bool
    /// Whether chunks have a usage of null before the last one tells it.
    var includeUsage: Bool

    func opening(choice: Int) throws -> Data? {
        try chunk(choice, ChunkChoice.Delta(role: "assistant", content: ""), logprobs: nil, finishReason: nil)
    }

    func chunk(_ piece: AnswerPiece) throws -> Data? {
        let reasoning = includeReasoning && !piece.reasoning.isEmpty ? piece.reasoning : nil
        let delta = ChunkChoice.Delta(
            content: piece.text.isEmpty ? nil : piece.text,
            reasoningContent: reasoning,
            reasoning: reasoning
        )
        guard delta.content != nil || reasoning != nil || !piece.logprobs.isEmpty || piece.finishReason != nil else {
            return nil
        }
        return try chunk(
            piece.choice,
            delta,
            logprobs: piece.logprobs.isEmpty ? nil : ChatLogprobs(piece.logprobs),
            finishReason: piece.finishReason
        )
    }

    func usageChunk(_ usage: Usage) throws -> Data {
        try JSONOutput.data(chunk([], usage: .told(usage)))
    }

    func response(_ answers: [Answer], _ usage: Usage) throws -> Data {
        try JSONOutput.data(
            ResponseObject("chat.completion", identity, choices: answers.map(choice), usage: .told(usage))
        )
    }

    private func chunk(
        _ choice: Int,
        _ delta: ChunkChoice.Delta,
        logprobs: ChatLogprobs?,
        finishReason: String?
    ) throws -> Data {
        let choice = ChunkChoice(index: choice, delta: delta, logprobs: logprobs, finishReason: finishReason)
        return try JSONOutput.data(chunk([choice], usage: includeUsage ? .later : nil))
    }

    private func chunk(_ choices: [ChunkChoice], usage: StreamUsage?) -> ResponseObject<ChunkChoice> {
        ResponseObject("chat.completion.chunk", identity, choices: choices, usage: usage)
    }

    private func choice(_ answer: Answer) -> CompletionChoice {
        let reasoning = includeReasoning && !answer.result.reasoning.isEmpty ? answer.result.reasoning : nil
        return CompletionChoice(
            index: answer.choice,
            message: CompletionChoice.Message(
                content: answer.result.answer,
                reasoningContent: reasoning,
                reasoning: reasoning
            ),
            logprobs: answer.logprobs.map(ChatLogprobs.init),
            finishReason: answer.result.finishReason.openAI
        )
    }
}

/// A choice of `chat.completion.chunk`.
private struct ChunkChoice: Encodable {
    struct Delta: Encodable {
        var role: String?
        var content: String?
        /// Both names that clients know.
        var reasoningContent: String?
        var reasoning: String?
    }

    var index: Int
    var delta: Delta
    @Nullable var logprobs: ChatLogprobs?
    @Nullable var finishReason: String?
}

/// A choice of `chat.completion`.
private struct CompletionChoice: Encodable {
    struct Message: Encodable {
        var role = "assistant"
        var content: String
        @Nullable var refusal: String?
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
