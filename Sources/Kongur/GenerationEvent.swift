import InferenceEngine
import TextGeneration

/// What a model says, as it says it; `finished` is the last one.
public enum GenerationEvent: Sendable {
    /// A piece of the thinking that precedes the answer.
    case reasoning(String)
    /// A piece of the answer.
    case answer(String)
    case finished(GenerationResult)
}

/// A whole answer and what it took.
public struct GenerationResult: Sendable, Hashable {
    /// Everything that the model wrote, `<think>` and `</think>` included.
    public var text: String
    /// What it wrote between them.
    public var reasoning: String
    /// What it wrote after that.
    public var answer: String
    /// Every token that was drawn, the stop token included.
    public var tokenIDs: [Int]
    public var finishReason: FinishReason
    public var usage: TokenUsage
    public var timings: GenerationTimings
}

/// Why an answer ended.
public enum FinishReason: String, Sendable, Hashable {
    /// With a stop token or a stop text.
    case stop
    /// At the longest answer or at the end of the context.
    case length
    case cancelled
}

/// How many tokens an answer took.
public struct TokenUsage: Sendable, Hashable {
    public var promptTokens: Int
    /// Tokens of the prompt that were in the cache already.
    public var cachedTokens: Int
    /// Thinking and answer, with the stop token.
    public var completionTokens: Int
    /// The part of `completionTokens` that was thinking.
    public var reasoningTokens: Int
    /// Tokens that were guessed so as to check several in one step, and how many of them were right.
    public var draftTokens: Int
    public var acceptedTokens: Int

    public var totalTokens: Int { promptTokens + completionTokens }
}

/// How long an answer took.
public struct GenerationTimings: Sendable, Hashable {
    /// From asking to the first token; nil when there was none.
    public var timeToFirstToken: Duration?
    public var total: Duration
    /// Tokens of the prompt for each second before the first token.
    public var promptTokensPerSecond: Double?
    /// Tokens after the first for each second after it.
    public var tokensPerSecond: Double?
}

extension GenerationEvent {
    /// Nil for what the public face does not show.
    init?(_ event: TextEvent) {
        switch event {
        case .reasoning(let text): self = .reasoning(text)
        case .answer(let text): self = .answer(text)
        case .toolCall, .toolArguments, .logprobs: return nil
        case .finished(let result): self = .finished(GenerationResult(result))
        }
    }
}

extension GenerationResult {
    init(_ result: TextGeneration.GenerationResult) {
        self.init(
            text: result.text,
            reasoning: result.reasoning,
            answer: result.answer,
            tokenIDs: result.tokenIDs,
            finishReason: FinishReason(result.finishReason),
            usage: TokenUsage(result.usage),
            timings: GenerationTimings(result.timings)
        )
    }
}

extension FinishReason {
    init(_ reason: InferenceEngine.FinishReason) {
        self =
            switch reason {
            case .stop: .stop
            case .length: .length
            case .cancelled: .cancelled
            }
    }
}

extension TokenUsage {
    init(_ usage: TextGeneration.TokenUsage) {
        self.init(
            promptTokens: usage.promptTokens,
            cachedTokens: usage.cachedTokens,
            completionTokens: usage.completionTokens,
            reasoningTokens: usage.reasoningTokens,
            draftTokens: usage.draftTokens,
            acceptedTokens: usage.acceptedTokens
        )
    }
}

extension GenerationTimings {
    init(_ timings: TextGeneration.GenerationTimings) {
        self.init(
            timeToFirstToken: timings.timeToFirstToken,
            total: timings.total,
            promptTokensPerSecond: timings.promptTokensPerSecond,
            tokensPerSecond: timings.tokensPerSecond
        )
    }
}
