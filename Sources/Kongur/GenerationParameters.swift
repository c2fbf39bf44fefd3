/// How an answer is drawn; what is nil is as the model's authors suggest in its `generation_config.json`.
///
/// Where they suggest nothing, answers are greedy and end with the context.
public struct GenerationParameters: Sendable, Hashable {
    /// The longest answer, in tokens, thinking included.
    public var maxNewTokens: Int?
    /// 0 takes the most probable token each time; higher is more varied.
    public var temperature: Double?
    /// Draws from the most probable tokens that together reach this probability; 1 is off.
    public var topP: Double?
    /// Draws from this many of the most probable tokens; 0 is off.
    public var topK: Int?
    /// Draws from tokens at least this probable, relative to the most probable one; 0 is off.
    public var minP: Double?
    /// Makes tokens of the prompt and the answer less probable; 1 is off.
    public var repetitionPenalty: Double?
    /// Subtracted once from the logit of each token of the answer.
    public var presencePenalty: Double
    /// Subtracted from a token's logit for each time it is in the answer.
    public var frequencyPenalty: Double
    /// Added to the logits of tokens by id.
    public var logitBias: [Int: Double]
    /// The same seed gives the same answer; nil takes a random one.
    public var seed: UInt64?
    /// Texts that end the answer; they are not part of it.
    public var stop: [String]
    /// What the answer must look like; nil is free.
    public var format: AnswerFormat?
    /// The most tokens of thinking, tags aside; then the closing tag is put in, and the model must answer.
    ///
    /// 0 is no thinking. With a budget, of any size, a quarter of the longest answer, but no more than 1024 tokens, is kept
    /// for what follows the thinking. Nil lets the model think as long as it wants. Models that do not write `<think>` are
    /// left alone.
    public var thinkingBudget: Int?
    /// Whether the model is to think before it answers; nil as it does by itself.
    ///
    /// Chat templates are told so, as `enable_thinking` and `thinking`. Where it is false, thinking that begins all the same
    /// is ended at once.
    public var reasoning: Bool?
    /// Goes on after the model's own stop tokens, to the longest answer; for measuring.
    public var ignoreEOS: Bool

    public init(
        maxNewTokens: Int? = nil,
        temperature: Double? = nil,
        topP: Double? = nil,
        topK: Int? = nil,
        minP: Double? = nil,
        repetitionPenalty: Double? = nil,
        presencePenalty: Double = 0,
        frequencyPenalty: Double = 0,
        logitBias: [Int: Double] = [:],
        seed: UInt64? = nil,
        stop: [String] = [],
        format: AnswerFormat? = nil,
        thinkingBudget: Int? = nil,
        reasoning: Bool? = nil,
        ignoreEOS: Bool = false
    ) {
        self.maxNewTokens = maxNewTokens
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
        self.logitBias = logitBias
        self.seed = seed
        self.stop = stop
        self.format = format
        self.thinkingBudget = thinkingBudget
        self.reasoning = reasoning
        self.ignoreEOS = ignoreEOS
    }
}

/// What an answer must look like, whatever the model would rather say; the thinking before it is free.
public enum AnswerFormat: Sendable, Hashable {
    /// Any JSON object.
    case jsonObject
    /// A JSON value that this JSON Schema describes, as JSON text.
    ///
    /// A schema that cannot be held to the letter is refused with `KongurError.Code.invalidInput`, and the message names the
    /// place and the keyword.
    case jsonSchema(String)
}
