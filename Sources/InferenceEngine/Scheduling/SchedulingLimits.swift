/// The numbers that bound what the scheduler decides; `EngineConfiguration.limits(for:)` derives them from a model.
package struct SchedulingLimits: Sendable, Hashable {
    /// Sequences that run at once; not above `tokenBudget`.
    package var maxSequences: Int
    /// Tokens in one step.
    package var tokenBudget: Int
    /// Rows of one step whose logits are wanted; not below `maxSequences`.
    package var maxOutputs: Int
    package var blockCount: Int
    /// Tokens in a block.
    package var blockSize: Int
    /// The model's own limit on prompt and answer together.
    package var contextLength: Int
    /// The most tokens of one sequence: the context, or less when the cache or the program's block tables are smaller.
    package var maxSequenceLength: Int
    package var prefixCaching: Bool
    package var maxPreemptions: Int
    /// Prompt tokens of background sequences in one step, so that who comes then does not wait long.
    package var backgroundTokens = 64
    /// Steps for which the ordinary sequences of others may leave an account's background without a row.
    package var backgroundPatience = 64
    /// Tokens that a sequence draws before it must give its place to an account that has none.
    package var turnTokens = 32
    /// How often sequences of other accounts may begin before one for which there is no room.
    package var mostPasses = 32
    package var speculation: Speculation

    package init(
        maxSequences: Int,
        tokenBudget: Int,
        maxOutputs: Int,
        blockCount: Int,
        blockSize: Int,
        contextLength: Int,
        maxSequenceLength: Int,
        prefixCaching: Bool = true,
        maxPreemptions: Int = 4,
        speculation: Speculation = .automatic
    ) {
        self.maxSequences = maxSequences
        self.tokenBudget = tokenBudget
        self.maxOutputs = maxOutputs
        self.blockCount = blockCount
        self.blockSize = blockSize
        self.contextLength = contextLength
        self.maxSequenceLength = maxSequenceLength
        self.prefixCaching = prefixCaching
        self.maxPreemptions = maxPreemptions
        self.speculation = speculation
    }

    /// Throws `.promptTooLong` when a prompt and one token more can never be held.
    func checkPrompt(tokenCount count: Int) throws(EngineError) {
        guard count < contextLength else {
            throw EngineError(
                .promptTooLong,
                "the prompt has \(count) tokens, which leaves no room for an answer in the model's context of \(contextLength): shorten it"
            )
        }
        guard count < maxSequenceLength else {
            throw EngineError(
                .promptTooLong,
                "the prompt has \(count) tokens, but the key/value cache holds sequences of at most \(maxSequenceLength): shorten it or give the cache more blocks"
            )
        }
    }

    /// Blocks that hold `tokens` tokens.
    func blocks(for tokens: Int) -> Int {
        (tokens + blockSize - 1) / blockSize
    }
}
