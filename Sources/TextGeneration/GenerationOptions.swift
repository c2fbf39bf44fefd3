package import InferenceEngine

/// How to answer one prompt.
package struct GenerationOptions: Sendable, Hashable {
    package var sampling: SamplingParameters
    /// The longest answer in tokens, thinking included; nil goes on to the end of the context.
    package var maxNewTokens: Int?
    package var minNewTokens: Int
    /// Text that ends the answer wherever it appears, also while thinking; it is not part of the result.
    package var stopStrings: [String]
    /// Tokens that end the answer, besides the model's and the tokenizer's own.
    package var stopTokenIDs: Set<Int>
    /// Goes on after the model's and the tokenizer's own stop tokens.
    package var ignoreEOS: Bool
    /// What the answer must look like; nil is free.
    ///
    /// A model that thinks does so first, and its thinking is free as long as `splitsReasoning` tells it apart.
    package var format: AnswerFormat?
    /// What the answer may call; nil leaves calls in the answer as text.
    package var tools: CallableTools?
    /// The most tokens of thinking, tags aside, before an answer must follow; nil lets the model think as long as it wants.
    ///
    /// With a budget, of any size, a quarter of the longest answer is kept for what follows the thinking, or
    /// `ThinkingConstraint.answerTokens` when that is less. It counts from the opening tag, so a model that writes none, and
    /// whose prompt has none, is left alone; so is everything where `splitsReasoning` is off.
    package var thinkingBudget: Int?
    /// Whether to tell thinking from answer; otherwise everything is answer, tags included.
    package var splitsReasoning: Bool
    /// Higher goes first.
    package var priority: Int
    /// See `GenerationRequest.cacheSalt`.
    package var cacheSalt: String?

    package init(
        sampling: SamplingParameters = SamplingParameters(),
        maxNewTokens: Int? = nil,
        minNewTokens: Int = 0,
        stopStrings: [String] = [],
        stopTokenIDs: Set<Int> = [],
        ignoreEOS: Bool = false,
        format: AnswerFormat? = nil,
        tools: CallableTools? = nil,
        thinkingBudget: Int? = nil,
        splitsReasoning: Bool = true,
        priority: Int = 0,
        cacheSalt: String? = nil
    ) {
        self.sampling = sampling
        self.maxNewTokens = maxNewTokens
        self.minNewTokens = minNewTokens
        self.stopStrings = stopStrings
        self.stopTokenIDs = stopTokenIDs
        self.ignoreEOS = ignoreEOS
        self.format = format
        self.tools = tools
        self.thinkingBudget = thinkingBudget
        self.splitsReasoning = splitsReasoning
        self.priority = priority
        self.cacheSalt = cacheSalt
    }
}
