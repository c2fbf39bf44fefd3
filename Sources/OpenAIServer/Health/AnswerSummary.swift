import TextGeneration

/// How the answers to one request went, for its line in the log.
struct AnswerSummary: Sendable {
    /// As clients are told them, each once.
    var finishReasons: [String]
    /// Seconds of the answer that waited longest for its place in the batch.
    var queue: Double?
    /// Seconds until the first token of any answer, waiting included.
    var timeToFirstToken: Double?
    /// Tokens in a second, of the longest answer: several are drawn side by side.
    var tokensPerSecond: Double?

    /// Nil when there are no answers; `isKept` says that they were computed for an earlier request, whose times are not this one's.
    init?(_ results: [GenerationResult], isKept: Bool) {
        guard let longest = results.max(by: { $0.usage.completionTokens < $1.usage.completionTokens }) else {
            return nil
        }
        finishReasons = Set(results.map(\.openAIFinishReason)).sorted()
        guard !isKept else { return }
        func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
        queue = results.compactMap(\.timings.queue).max().map(seconds)
        timeToFirstToken = results.compactMap(\.timings.timeToFirstToken).min().map(seconds)
        tokensPerSecond = longest.timings.tokensPerSecond
    }
}
