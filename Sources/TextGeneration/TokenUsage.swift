package import InferenceEngine

/// Tokens that a prompt and its answer took.
package struct TokenUsage: Sendable, Hashable, Codable {
    package var promptTokens: Int
    /// Prompt tokens that were in the cache already.
    package var cachedTokens: Int
    /// Thinking and answer, with the stop token.
    package var completionTokens: Int
    /// The part of `completionTokens` that was thinking.
    package var reasoningTokens: Int
    /// Tokens that the engine guessed, and how many of them were right.
    package var draftTokens: Int
    package var acceptedTokens: Int

    package init(
        promptTokens: Int,
        cachedTokens: Int = 0,
        completionTokens: Int,
        reasoningTokens: Int = 0,
        draftTokens: Int = 0,
        acceptedTokens: Int = 0
    ) {
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.completionTokens = completionTokens
        self.reasoningTokens = reasoningTokens
        self.draftTokens = draftTokens
        self.acceptedTokens = acceptedTokens
    }

    package var totalTokens: Int { promptTokens + completionTokens }
}

/// How long an answer took.
package struct GenerationTimings: Sendable, Hashable, Codable {
    /// Waiting for a place in the batch.
    package var queue: Duration?
    /// From submission, waiting included; nil when there was no token.
    package var timeToFirstToken: Duration?
    package var total: Duration
    /// Computed prompt tokens for each second between the first step and the first token.
    package var promptTokensPerSecond: Double?
    /// Tokens after the first for each second after it.
    package var tokensPerSecond: Double?

    package init(_ timings: RequestTimings, _ usage: TokenUsage) {
        queue = timings.queue
        timeToFirstToken = timings.timeToFirstToken
        total = timings.total
        promptTokensPerSecond = Self.rate(usage.promptTokens - usage.cachedTokens, timings.prefill)
        tokensPerSecond = Self.rate(usage.completionTokens - 1, timings.decode)
    }

    private static func rate(_ count: Int, _ duration: Duration?) -> Double? {
        guard let duration, duration > .zero, count > 0 else { return nil }
        return Double(count) / (duration / .seconds(1))
    }
}

// What was written down by somebody else is held against these before anybody counts with it.
extension TokenUsage {
    /// What a number of tokens can be.
    package static let range = 0...Int(Int32.max)

    /// Whether every number can be one, and none is more than what it is a part of.
    package var isSound: Bool {
        [promptTokens, cachedTokens, completionTokens, reasoningTokens, draftTokens, acceptedTokens]
            .allSatisfy(Self.range.contains)
            && cachedTokens <= promptTokens && reasoningTokens <= completionTokens && acceptedTokens <= draftTokens
    }
}

extension GenerationTimings {
    /// What a time can be.
    private static let range = Duration.zero...Duration.seconds(10 * 366 * 86_400)

    /// Whether every number can be one.
    package var isSound: Bool {
        [queue, timeToFirstToken, total].allSatisfy { $0.map(Self.range.contains) ?? true }
            && [promptTokensPerSecond, tokensPerSecond].allSatisfy { $0.map { $0.isFinite && $0 >= 0 } ?? true }
    }
}

extension GenerationResult {
    /// Whether its numbers can be what they say.
    package var isSound: Bool { usage.isSound && timings.isSound }
}
