import DeviceSimulation
import Kongur

/// An answer as `kongur run --json` writes it.
struct AnswerRecord: Encodable {
    struct Usage: Encodable {
        var promptTokens: Int
        var completionTokens: Int
        var totalTokens: Int
        var cachedTokens: Int
        var reasoningTokens: Int
        var draftTokens: Int
        var acceptedTokens: Int
    }

    /// Seconds, and tokens a second.
    struct Timings: Encodable {
        var load: Double
        var timeToFirstToken: Double?
        var total: Double
        var promptTokensPerSecond: Double?
        var tokensPerSecond: Double?
    }

    var text: String
    var reasoning: String
    var answer: String
    var tokenIds: [Int]
    var finishReason: String
    var usage: Usage
    var timings: Timings
    /// What a simulated device did; nil on one that is there.
    var simulation: SimulationReport?

    init(_ result: GenerationResult, loading: Duration, simulation: SimulationReport? = nil) {
        self.simulation = simulation
        text = result.text
        reasoning = result.reasoning
        answer = result.answer
        tokenIds = result.tokenIDs
        finishReason = result.finishReason.rawValue
        usage = Usage(
            promptTokens: result.usage.promptTokens,
            completionTokens: result.usage.completionTokens,
            totalTokens: result.usage.totalTokens,
            cachedTokens: result.usage.cachedTokens,
            reasoningTokens: result.usage.reasoningTokens,
            draftTokens: result.usage.draftTokens,
            acceptedTokens: result.usage.acceptedTokens
        )
        timings = Timings(
            load: loading.inSeconds,
            timeToFirstToken: result.timings.timeToFirstToken?.inSeconds,
            total: result.timings.total.inSeconds,
            promptTokensPerSecond: result.timings.promptTokensPerSecond,
            tokensPerSecond: result.timings.tokensPerSecond
        )
    }
}
