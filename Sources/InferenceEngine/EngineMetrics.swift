/// What the engine is doing and has done, as of its last step.
package struct EngineMetrics: Sendable, Hashable {
    package var runningRequests = 0
    package var waitingRequests = 0
    package var cacheBlocks = 0
    package var freeCacheBlocks = 0
    /// Tokens in a cache block.
    package var blockSize = 0

    /// Prompt tokens of requests that have been admitted.
    package var promptTokens = 0
    /// The part of `promptTokens` that was in the cache.
    package var cachedPromptTokens = 0
    package var generatedTokens = 0
    package var preemptions = 0
    package var finishedRequests: [FinishReason: Int] = [:]
    package var failedRequests = 0
    package var steps = 0
    /// Steps by the number of tokens that they computed: the counts of `stepTokenBounds`, and of what is above.
    package var stepTokenCounts = [Int](repeating: 0, count: Self.stepTokenBounds.count + 1)
    /// Tokens that all steps computed.
    package var stepTokens = 0
    /// Guesses that were checked, the tokens in them, and how many of those were right.
    package var drafts = 0
    package var draftTokens = 0
    package var acceptedTokens = 0

    package static let stepTokenBounds = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384]

    package init() {}

    /// The part of the cache that sequences hold, from 0 to 1.
    package var cacheUsage: Double {
        cacheBlocks == 0 ? 0 : Double(cacheBlocks - freeCacheBlocks) / Double(cacheBlocks)
    }

    mutating func countStep(_ batch: ScheduledBatch) {
        let bucket = Self.stepTokenBounds.firstIndex { batch.tokenCount <= $0 } ?? Self.stepTokenBounds.count
        stepTokenCounts[bucket] += 1
    }

    mutating func update(from scheduler: borrowing Scheduler) {
        runningRequests = scheduler.runningCount
        waitingRequests = scheduler.waitingCount
        freeCacheBlocks = scheduler.freeBlockCount
        promptTokens = scheduler.statistics.prefixQueriedTokens
        cachedPromptTokens = scheduler.statistics.prefixHitTokens
        preemptions = scheduler.statistics.preemptions
        steps = scheduler.statistics.steps
        stepTokens = scheduler.statistics.computedTokens
        drafts = scheduler.statistics.drafts
        draftTokens = scheduler.statistics.draftTokens
        acceptedTokens = scheduler.statistics.acceptedTokens
    }
}
