/// What a request's stream delivers: tokens, and then exactly one `finished` or `failed`.
package enum TokenEvent: Sendable {
    case token(GeneratedToken)
    case finished(GenerationSummary)
    case failed(EngineError)
}

/// One token of an answer.
package struct GeneratedToken: Sendable, Hashable {
    package var id: Int
    /// True for the stop token that ends the answer: it is counted, and is not part of the text.
    package var isStop: Bool
    /// When asked for with `SamplingParameters.logprobs`.
    package var logprobs: TokenLogprobs?
    /// When the token was drawn.
    package var instant: ContinuousClock.Instant

    package init(id: Int, isStop: Bool, logprobs: TokenLogprobs?, instant: ContinuousClock.Instant) {
        self.id = id
        self.isStop = isStop
        self.logprobs = logprobs
        self.instant = instant
    }
}

/// Natural log-probabilities under the model's raw logits, before temperature, penalties and selection.
package struct TokenLogprobs: Sendable, Hashable {
    package struct Alternative: Sendable, Hashable {
        package var id: Int
        package var logprob: Float
    }

    /// Of the drawn token.
    package var logprob: Float
    /// The most probable tokens, most probable first.
    package var top: [Alternative]
}

/// How an answer ended and what it cost.
package struct GenerationSummary: Sendable, Hashable {
    package var finishReason: FinishReason
    package var promptTokens: Int
    /// Prompt tokens whose keys and values were in the cache already.
    package var cachedTokens: Int
    /// With the stop token.
    package var generatedTokens: Int
    /// How often the request lost its cache blocks to others and was computed again.
    package var preemptions: Int
    /// Tokens that were guessed, and how many of them were right.
    package var draftTokens: Int
    package var acceptedTokens: Int
    package var timings: RequestTimings

    package init(
        finishReason: FinishReason,
        promptTokens: Int,
        cachedTokens: Int,
        generatedTokens: Int,
        preemptions: Int,
        draftTokens: Int,
        acceptedTokens: Int,
        timings: RequestTimings
    ) {
        self.finishReason = finishReason
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.generatedTokens = generatedTokens
        self.preemptions = preemptions
        self.draftTokens = draftTokens
        self.acceptedTokens = acceptedTokens
        self.timings = timings
    }
}

/// When what happened to a request, on a clock that only goes forward.
package struct RequestTimings: Sendable, Hashable {
    package var submitted: ContinuousClock.Instant
    /// The first step that the request took part in.
    package var scheduled: ContinuousClock.Instant?
    package var firstToken: ContinuousClock.Instant?
    package var finished: ContinuousClock.Instant

    package init(
        submitted: ContinuousClock.Instant,
        scheduled: ContinuousClock.Instant? = nil,
        firstToken: ContinuousClock.Instant? = nil,
        finished: ContinuousClock.Instant
    ) {
        self.submitted = submitted
        self.scheduled = scheduled
        self.firstToken = firstToken
        self.finished = finished
    }

    /// From submission to the first step.
    package var queue: Duration? { scheduled.map { $0 - submitted } }
    /// From the first step to the first token.
    package var prefill: Duration? {
        guard let scheduled, let firstToken else { return nil }
        return firstToken - scheduled
    }
    /// From the first token to the end.
    package var decode: Duration? { firstToken.map { finished - $0 } }
    package var timeToFirstToken: Duration? { firstToken.map { $0 - submitted } }
    package var total: Duration { finished - submitted }
}
