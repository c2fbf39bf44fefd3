package import InferenceEngine

/// How to answer one prompt.
package struct GenerationOptions: Sendable, Hashable {
    package var sampling: SamplingParameters
    /// The longest answer in tokens, thinking included; nil goes on to the end of the context.
    package var maxNewTokens: Int?
    package var minNewTokens: Int
    /// Text that ends the answer wherever it appears, also while thinking; see `includesStop`.
    package var stopStrings: [String]
    /// Whether what ended the answer is part of it, a stop string or the text of a stop token.
    package var includesStop: Bool
    /// Whether special tokens have no text.
    package var skipsSpecialTokens: Bool
    /// Tokens that end the answer, besides the model's and the tokenizer's own.
    package var stopTokenIDs: Set<Int>
    /// Words that are not in the answer in the tokens that the tokenizer makes of them, alone or behind a blank.
    package var badWords: [String]
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
    /// Whether the model is to think; nil is as `TextGenerator.reasoning` says.
    package var reasoning: ReasoningMode?
    /// Whose the answer is.
    package var account: Account
    /// Higher goes first.
    package var priority: Int
    /// See `GenerationRequest.cacheSalt`.
    package var cacheSalt: String?

    package init(
        sampling: SamplingParameters = SamplingParameters(),
        maxNewTokens: Int? = nil,
        minNewTokens: Int = 0,
        stopStrings: [String] = [],
        includesStop: Bool = false,
        skipsSpecialTokens: Bool = true,
        stopTokenIDs: Set<Int> = [],
        badWords: [String] = [],
        ignoreEOS: Bool = false,
        format: AnswerFormat? = nil,
        tools: CallableTools? = nil,
        thinkingBudget: Int? = nil,
        splitsReasoning: Bool = true,
        reasoning: ReasoningMode? = nil,
        account: Account = .anonymous,
        priority: Int = 0,
        cacheSalt: String? = nil
    ) {
        self.sampling = sampling
        self.maxNewTokens = maxNewTokens
        self.minNewTokens = minNewTokens
        self.stopStrings = stopStrings
        self.includesStop = includesStop
        self.skipsSpecialTokens = skipsSpecialTokens
        self.stopTokenIDs = stopTokenIDs
        self.badWords = badWords
        self.ignoreEOS = ignoreEOS
        self.format = format
        self.tools = tools
        self.thinkingBudget = thinkingBudget
        self.splitsReasoning = splitsReasoning
        self.reasoning = reasoning
        self.account = account
        self.priority = priority
        self.cacheSalt = cacheSalt
    }
}
