import OpenAIClient

/// When the pieces of a server's answer came.
struct AnswerTiming: Sendable {
    /// From which the times count.
    let started: ContinuousClock.Instant
    /// To the first piece of thinking or answer.
    private(set) var timeToFirstPiece: Duration?
    /// Between one piece and the next; a piece may be several tokens.
    private(set) var gaps: [Duration] = []
    private(set) var usage: AnswerChunk.Usage?
    /// By the server's own measure: pieces may arrive all at once, whenever they were made.
    private(set) var tokensPerSecond: Double?
    private(set) var finishReason: String?
    private var last: ContinuousClock.Instant

    init(started: ContinuousClock.Instant = .now) {
        self.started = started
        last = started
    }

    mutating func add(_ chunk: AnswerChunk) {
        usage = chunk.usage ?? usage
        tokensPerSecond = chunk.tokensPerSecond ?? tokensPerSecond
        finishReason = chunk.finishReason ?? finishReason
        guard !chunk.text.isEmpty || !chunk.reasoning.isEmpty else { return }
        let now = ContinuousClock.now
        if timeToFirstPiece == nil { timeToFirstPiece = now - started } else { gaps.append(now - last) }
        last = now
    }

    var pieces: Int { timeToFirstPiece == nil ? 0 : gaps.count + 1 }

    /// By the server's count, else as many as there were pieces.
    var tokens: Int { usage?.completionTokens ?? pieces }

    /// The time for each token after the first; nil where there was none.
    var timePerToken: Duration? {
        guard tokens > 1, !gaps.isEmpty else { return nil }
        return gaps.reduce(.zero, +) / (tokens - 1)
    }
}

extension AnswerSummary {
    init(_ timing: AnswerTiming) {
        self.init(
            tokens: timing.usage?.completionTokens,
            tokensPerSecond: timing.tokensPerSecond,
            timeToFirstToken: timing.timeToFirstPiece,
            isCutOff: timing.finishReason == "length"
        )
    }
}
