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

    /// What engines have done together, and what those among them hold that still work.
    static func sum(of engines: [(metrics: EngineMetrics, works: Bool)]) -> EngineMetrics {
        var sum = EngineMetrics()
        for (metrics, works) in engines {
            sum.runningRequests += metrics.runningRequests
            sum.waitingRequests += metrics.waitingRequests
            sum.cacheBlocks += works ? metrics.cacheBlocks : 0
            sum.freeCacheBlocks += works ? metrics.freeCacheBlocks : 0
            sum.blockSize = metrics.blockSize
            sum.promptTokens += metrics.promptTokens
            sum.cachedPromptTokens += metrics.cachedPromptTokens
            sum.generatedTokens += metrics.generatedTokens
            sum.preemptions += metrics.preemptions
            sum.finishedRequests.merge(metrics.finishedRequests) { $0 + $1 }
            sum.failedRequests += metrics.failedRequests
            sum.steps += metrics.steps
            for bucket in sum.stepTokenCounts.indices { sum.stepTokenCounts[bucket] += metrics.stepTokenCounts[bucket] }
            sum.stepTokens += metrics.stepTokens
            sum.drafts += metrics.drafts
            sum.draftTokens += metrics.draftTokens
            sum.acceptedTokens += metrics.acceptedTokens
        }
        return sum
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
