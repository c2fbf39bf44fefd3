package import DeviceRuntime

/// How much the engine works on at once, and how much memory its key/value cache gets.
package struct EngineConfiguration: Sendable, Hashable {
    /// Sequences in one step, at most; nil takes the program's limit.
    package var maxSequences: Int?
    /// Tokens in one step, at most: long prompts are computed in chunks of this; nil takes the program's limit.
    package var tokenBudget: Int?
    /// Blocks of the key/value cache; see `cacheBlocks(byteCount:layout:)`.
    package var cacheBlocks: Int
    /// Whether prompts that begin alike share their cache blocks.
    package var prefixCaching: Bool
    /// How often one sequence may lose its blocks to others before the room for its whole answer is reserved.
    package var maxPreemptions: Int
    /// Whether tokens are guessed ahead; answers do not depend on it.
    package var speculation: Speculation

    package init(
        maxSequences: Int? = nil,
        tokenBudget: Int? = nil,
        cacheBlocks: Int,
        prefixCaching: Bool = true,
        maxPreemptions: Int = 4,
        speculation: Speculation = .automatic
    ) {
        self.maxSequences = maxSequences
        self.tokenBudget = tokenBudget
        self.cacheBlocks = cacheBlocks
        self.prefixCaching = prefixCaching
        self.maxPreemptions = maxPreemptions
        self.speculation = speculation
    }

    /// The whole blocks that fit in `byteCount` bytes.
    package static func cacheBlocks(byteCount: Int, layout: KVCacheLayout) -> Int {
        max(0, byteCount / max(1, layout.blockByteCount))
    }

    /// What the scheduler may do with this model.
    ///
    /// Throws `.invalidConfiguration` for numbers that are not positive or are above the limits of the program.
    package func limits(for model: CompiledModel) throws(EngineError) -> SchedulingLimits {
        let tokens = try resolve(tokenBudget, "tokenBudget", model.program.limits[StepProgram.tokens])
        let sequences = try resolve(maxSequences, "maxSequences", model.program.limits[StepProgram.sequences])
        guard cacheBlocks > 0, model.cache.blockSize > 0, cacheBlocks <= Int(Int32.max) / model.cache.blockSize else {
            throw EngineError(
                .invalidConfiguration,
                "\(cacheBlocks) cache blocks of \(model.cache.blockSize) tokens: give the cache at least one block, and fewer than 2^31 tokens"
            )
        }
        guard maxPreemptions >= 0 else {
            throw EngineError(.invalidConfiguration, "maxPreemptions is \(maxPreemptions); it must not be negative")
        }
        if case .upTo(let count) = speculation, count < 1 {
            throw EngineError(
                .invalidConfiguration,
                "speculation is up to \(count) tokens; it must be at least 1, or off"
            )
        }
        let outputs = model.program.limits[StepProgram.outputs] ?? tokens
        let tableBlocks = min(cacheBlocks, model.program.limits[StepProgram.table] ?? cacheBlocks)
        return SchedulingLimits(
            // Each running sequence gets at least one row in a step, so that none waits while it holds blocks.
            maxSequences: min(sequences, tokens, outputs),
            tokenBudget: tokens,
            maxOutputs: outputs,
            blockCount: cacheBlocks,
            blockSize: model.cache.blockSize,
            contextLength: model.contextLength,
            maxSequenceLength: min(model.contextLength, tableBlocks * model.cache.blockSize),
            prefixCaching: prefixCaching,
            maxPreemptions: maxPreemptions,
            speculation: speculation
        )
    }

    private func resolve(_ value: Int?, _ label: String, _ limit: Int?) throws(EngineError) -> Int {
        guard let resolved = value ?? limit, resolved > 0 else {
            throw EngineError(
                .invalidConfiguration,
                "\(label) is \(value.map(String.init) ?? "not set and the program has no limit"); it must be positive"
            )
        }
        if let limit, resolved > limit {
            throw EngineError(
                .invalidConfiguration,
                "\(label) is \(resolved), but the model was compiled for at most \(limit): lower it or compile again"
            )
        }
        return resolved
    }
}
