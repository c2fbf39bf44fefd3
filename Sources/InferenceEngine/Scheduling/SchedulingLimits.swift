/// The numbers that bound what the scheduler decides; `EngineConfiguration.limits(for:)` derives them from a model.
package struct SchedulingLimits: Sendable, Hashable {
    /// Sequences that run at once; not above `tokenBudget`.
    package var maxSequences: Int
    /// Tokens in one step.
    package var tokenBudget: Int
    package var blockCount: Int
    /// Tokens in a block.
    package var blockSize: Int
    /// The model's own limit on prompt and answer together.
    package var contextLength: Int
    /// The most tokens of one sequence: the context, or less when the cache or the program's block tables are smaller.
    package var maxSequenceLength: Int
    package var prefixCaching: Bool
    package var maxPreemptions: Int

    package init(
        maxSequences: Int,
        tokenBudget: Int,
        blockCount: Int,
        blockSize: Int,
        contextLength: Int,
        maxSequenceLength: Int,
        prefixCaching: Bool = true,
        maxPreemptions: Int = 4
    ) {
        self.maxSequences = maxSequences
        self.tokenBudget = tokenBudget
        self.blockCount = blockCount
        self.blockSize = blockSize
        self.contextLength = contextLength
        self.maxSequenceLength = maxSequenceLength
        self.prefixCaching = prefixCaching
        self.maxPreemptions = maxPreemptions
    }

    /// Blocks that hold `tokens` tokens.
    func blocks(for tokens: Int) -> Int {
        (tokens + blockSize - 1) / blockSize
    }
}
