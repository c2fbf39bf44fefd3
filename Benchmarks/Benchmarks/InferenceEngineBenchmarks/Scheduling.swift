import InferenceEngine
import Yardsticks

/// What the scheduler decides for 64 sequences, without a model.
func measureScheduling() {
    measure("schedule-64-decoding", beside: .processor) {
        let scheduling = Scheduling()
        return Work(
            prepare: {
                scheduling.restart()
                for id in 0..<64 { try scheduling.add(id, prompt: [id] + Array(0..<1023)) }
                while scheduling.waitingCount > 0 || scheduling.isPrefilling { scheduling.step() }
            },
            run: { for _ in 0..<64 { scheduling.step() } }
        )
    }
    measure("admit-64-cached", beside: .processor) {
        let scheduling = Scheduling()
        return Work(
            prepare: {
                scheduling.restart()
                try scheduling.add(64, prompt: Array(0..<1024) + [0], answer: 1)
                while scheduling.waitingCount > 0 || scheduling.isPrefilling { scheduling.step() }
            },
            run: {
                for id in 0..<64 { try scheduling.add(id, prompt: Array(0..<1024) + Array(repeating: id, count: 16)) }
                scheduling.step()
                precondition(scheduling.waitingCount == 0 && scheduling.hits == 64 * 1024, "all are found and admitted")
            }
        )
    }
}

private final class Scheduling {
    private var scheduler = Scheduler(Scheduling.limits)
    private(set) var isPrefilling = true

    private static let limits = SchedulingLimits(
        maxSequences: 64,
        tokenBudget: 1024,
        maxOutputs: 64,
        blockCount: 8192,
        blockSize: 16,
        contextLength: 2048,
        maxSequenceLength: 2048,
        speculation: .off
    )

    var waitingCount: Int { scheduler.waitingCount }
    /// Prompt tokens that were found in the cache.
    var hits: Int { scheduler.statistics.prefixHitTokens }

    func restart() {
        scheduler = Scheduler(Self.limits)
        isPrefilling = true
    }

    func add(_ id: Int, prompt: [Int], answer: Int? = nil) throws {
        let request = GenerationRequest(id: UInt64(id), promptTokenIDs: prompt, maxNewTokens: answer)
        try scheduler.add(request, stopTokenIDs: [])
    }

    func step() {
        guard let batch = scheduler.schedule() else { return }
        isPrefilling = batch.entries.contains { $0.tokenCount > 1 }
        _ = scheduler.complete(batch, tokens: batch.sampledEntries.map { _ in [1] })
    }
}
