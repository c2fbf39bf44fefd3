package import DeviceRuntime

/// What one device of a group and the engine on it are doing, as `/v1/devices` tells it.
package struct DeviceStatus: Sendable, Hashable, Codable {
    /// The engine's, as of its last step.
    package struct EngineState: Sendable, Hashable, Codable {
        package var running: Int
        package var waiting: Int
        package var maxSequences: Int
        package var cacheBlocks: Int
        package var freeCacheBlocks: Int
        /// Tokens in a block.
        package var blockSize: Int
        /// Since the engine began, as `EngineMetrics` has them.
        package var promptTokens: Int
        package var cachedPromptTokens: Int
        package var generatedTokens: Int
        package var steps: Int
        package var stepTokens: Int
        package var preemptions: Int

        private enum CodingKeys: String, CodingKey {
            case running, waiting, steps, preemptions
            case maxSequences = "max_sequences"
            case cacheBlocks = "cache_blocks"
            case freeCacheBlocks = "free_cache_blocks"
            case blockSize = "block_size"
            case promptTokens = "prompt_tokens"
            case cachedPromptTokens = "cached_prompt_tokens"
            case generatedTokens = "generated_tokens"
            case stepTokens = "step_tokens"
        }
    }

    /// The place in the list of devices.
    package var index: Int
    package var name: String
    /// Why it takes no more requests; nil while it does.
    package var failure: String?
    package var statistics: DeviceStatistics
    /// Nil for a device that no engine is on.
    package var engine: EngineState?

    package init(index: Int, name: String, statistics: DeviceStatistics) {
        self.index = index
        self.name = name
        self.statistics = statistics
    }

    init(index: Int, _ engine: Engine) {
        self.init(index: index, name: engine.device.name, statistics: engine.device.statistics)
        failure = engine.isLost ? engine.failure?.message : nil
        let metrics = engine.metrics
        self.engine = EngineState(
            running: metrics.runningRequests,
            waiting: metrics.waitingRequests,
            maxSequences: engine.limits.maxSequences,
            cacheBlocks: metrics.cacheBlocks,
            freeCacheBlocks: metrics.freeCacheBlocks,
            blockSize: metrics.blockSize,
            promptTokens: metrics.promptTokens,
            cachedPromptTokens: metrics.cachedPromptTokens,
            generatedTokens: metrics.generatedTokens,
            steps: metrics.steps,
            stepTokens: metrics.stepTokens,
            preemptions: metrics.preemptions
        )
    }
}

extension Engine {
    /// Whether its device has failed: not when it only takes no more requests.
    package nonisolated var isLost: Bool { failure.map { $0.code != .shutDown } ?? false }
}

extension EngineGroup {
    /// Each device, in order, without waiting for a step in progress.
    package var devices: [DeviceStatus] { engines.indices.map { DeviceStatus(index: $0, engines[$0]) } }
}
