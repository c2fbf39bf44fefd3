import TextGeneration

/// How fast the answers to one request were computed, in llama.cpp's words: the prompt, and what was predicted after it.
///
/// Measured by the engine, so that it does not depend on when the pieces of a stream arrive.
struct Timings: Encodable, Sendable {
    /// Prompt tokens that were in the cache.
    var cacheN: Int
    /// Prompt tokens that were computed.
    var promptN: Int
    var promptMs: Double?
    var promptPerSecond: Double?
    /// Tokens of the longest of several answers: they are drawn side by side.
    var predictedN: Int
    var predictedMs: Double?
    var predictedPerTokenMs: Double?
    var predictedPerSecond: Double?

    /// Nil when nothing was computed.
    init?(_ results: [GenerationResult]) {
        let longest = results.max { $0.usage.completionTokens < $1.usage.completionTokens }
        guard let longest else { return nil }
        let (usage, timings) = (longest.usage, longest.timings)
        cacheN = usage.cachedTokens
        promptN = usage.promptTokens - usage.cachedTokens
        promptPerSecond = timings.promptTokensPerSecond
        promptMs = timings.promptTokensPerSecond.map { Double(usage.promptTokens - usage.cachedTokens) / $0 * 1000 }
        predictedN = usage.completionTokens
        predictedPerSecond = timings.tokensPerSecond
        predictedPerTokenMs = timings.tokensPerSecond.map { 1000 / $0 }
        // The first token's time is the prompt's.
        predictedMs = timings.tokensPerSecond.map { Double(usage.completionTokens - 1) / $0 * 1000 }
    }
}
