import InferenceEngine

/// All that a request's stream gave.
struct Outcome: Sendable {
    var tokens: [Int] = []
    var logprobs: [Float] = []
    var summary: GenerationSummary?
    var failure: EngineError?
    /// How often the stream said that it was over.
    var ends = 0
    /// Tokens that came after that.
    var late = 0
}

/// Reads a stream to its end.
func collect(_ stream: AsyncStream<TokenEvent>) async -> Outcome {
    var outcome = Outcome()
    for await event in stream {
        switch event {
        case .token(let token):
            if outcome.ends > 0 { outcome.late += 1 }
            outcome.tokens.append(token.id)
            token.logprobs.map { outcome.logprobs.append($0.logprob) }
        case .finished(let summary): (outcome.summary, outcome.ends) = (summary, outcome.ends + 1)
        case .failed(let error): (outcome.failure, outcome.ends) = (error, outcome.ends + 1)
        }
    }
    return outcome
}
