import Foundation
import TextGeneration

/// Writes `text_completion`, streamed or not: the chunks of a stream have the same form.
struct CompletionFormat: AnswerFormat {
    var identity: ResponseIdentity
    var includeUsage: Bool

    func opening(choices: Int) throws -> [ServerSentEvent] { [] }

    func events(_ piece: AnswerPiece) throws -> [ServerSentEvent] {
        guard !piece.text.isEmpty || !piece.logprobs.isEmpty || piece.result != nil else { return [] }
        let choice = TextChoice(
            index: piece.choice,
            text: piece.text,
            logprobs: piece.logprobs.isEmpty ? nil : TextLogprobs(piece.logprobs),
            finishReason: piece.result?.openAIFinishReason
        )
        return [ServerSentEvent(data: try data([choice], includeUsage ? .later : nil))]
    }

    func closing(_ usage: Usage) throws -> [ServerSentEvent] {
        (includeUsage ? [ServerSentEvent(data: try data([], .told(usage)))] : []) + [.done]
    }

    func response(_ answers: [Answer], _ usage: Usage) throws -> Data {
        let choices = answers.map { answer in
            TextChoice(
                index: answer.choice,
                text: answer.result.answer,
                logprobs: answer.logprobs.map(TextLogprobs.init),
                finishReason: answer.result.openAIFinishReason
            )
        }
        return try data(choices, .told(usage))
    }

    private func data(_ choices: [TextChoice], _ usage: StreamUsage?) throws -> Data {
        try JSONOutput.data(ResponseObject("text_completion", identity, choices: choices, usage: usage))
    }
}

private struct TextChoice: Encodable {
    var index: Int
    var text: String
    @Nullable var logprobs: TextLogprobs?
    @Nullable var finishReason: String?
}

/// Log-probabilities in the older form: one list for each property.
struct TextLogprobs: Encodable, Sendable {
    var tokens: [String] = []
    var tokenLogprobs: [Double] = []
    /// The likeliest, and the drawn one where it is not among them.
    var topLogprobs: [[String: Double]] = []
    /// Where each token begins in the text, in Unicode scalars, as Python counts.
    var textOffset: [Int] = []

    init(_ entries: [TokenTextLogprobs]) {
        for entry in entries {
            tokens.append(entry.drawn.text)
            tokenLogprobs.append(entry.drawn.finiteLogprob)
            // Two tokens that are parts of characters may read alike: the more probable one counts.
            let likely = (entry.top + [entry.drawn]).map { ($0.text, $0.finiteLogprob) }
            topLogprobs.append(Dictionary(likely) { first, _ in first })
            textOffset.append(entry.offset)
        }
    }
}
