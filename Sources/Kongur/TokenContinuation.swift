import InferenceEngine
import TextGeneration

/// Continues tokens of a model that has no tokenizer: there is no text, only the result.
actor TokenContinuation {
    private let events: AsyncStream<TokenEvent>
    private var tokenIDs: [Int] = []
    private var isFinished = false

    init(_ engine: EngineGroup, _ promptTokenIDs: [Int], _ options: GenerationOptions) {
        let request = GenerationRequest(
            promptTokenIDs: promptTokenIDs,
            sampling: options.sampling,
            maxNewTokens: options.maxNewTokens,
            ignoreEOS: options.ignoreEOS
        )
        events = engine.submit(request)
    }

    func next() async throws -> GenerationEvent? {
        while !isFinished {
            var iterator = events.makeAsyncIterator()
            switch await iterator.next(isolation: self) {
            case .token(let token): tokenIDs.append(token.id)
            case .failed(let error): throw KongurError(error)
            case .finished(let summary): return finish(summary)
            case nil: throw KongurError(CancellationError())
            }
        }
        return nil
    }

    private func finish(_ summary: GenerationSummary) -> GenerationEvent {
        isFinished = true
        let usage = TextGeneration.TokenUsage(
            promptTokens: summary.promptTokens,
            cachedTokens: summary.cachedTokens,
            completionTokens: tokenIDs.count,
            draftTokens: summary.draftTokens,
            acceptedTokens: summary.acceptedTokens
        )
        return .finished(
            GenerationResult(
                text: "",
                reasoning: "",
                answer: "",
                tokenIDs: tokenIDs,
                finishReason: FinishReason(summary.finishReason),
                usage: TokenUsage(usage),
                timings: GenerationTimings(TextGeneration.GenerationTimings(summary.timings, usage))
            )
        )
    }
}
