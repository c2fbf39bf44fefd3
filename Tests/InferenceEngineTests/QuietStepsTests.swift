import InferenceEngine
import KongurTesting
import Testing

/// Stretches of quiet steps leave the scheduler as the single steps do.
@Suite struct QuietStepsTests {
    private struct Outcome: Equatable {
        /// For each request, the number of the step in which it ended, and how.
        var ends: [UInt64: [Int]] = [:]
        var statistics: SchedulerStatistics?
        var freeBlocks = 0
        /// Steps that were not looked at.
        var quiet = 0
    }

    private func limits(blocks: Int, sequences: Int = 4, prefixCaching: Bool = false) -> SchedulingLimits {
        SchedulingLimits(
            maxSequences: sequences,
            tokenBudget: 32,
            maxOutputs: 32,
            blockCount: blocks,
            blockSize: 4,
            contextLength: 200,
            maxSequenceLength: min(200, blocks * 4),
            prefixCaching: prefixCaching,
            speculation: .off
        )
    }

    private func run(
        _ limits: SchedulingLimits,
        _ requests: [(step: Int, prompt: Int, answer: Int)],
        stretches: Bool
    ) throws -> Outcome {
        var scheduler = Scheduler(limits)
        var (outcome, step, next) = (Outcome(), 0, 0)
        while scheduler.hasWork || next < requests.count {
            while next < requests.count, requests[next].step <= step || !scheduler.hasWork {
                step = max(step, requests[next].step)
                let prompt = [Int](repeating: next + 1, count: requests[next].prompt)
                try scheduler.add(
                    GenerationRequest(id: UInt64(next), promptTokenIDs: prompt, maxNewTokens: requests[next].answer),
                    stopTokenIDs: []
                )
                next += 1
            }
            if stretches {
                let room = next < requests.count ? requests[next].step - step : .max
                let count = min(scheduler.quietStepCount, room)
                scheduler.takeQuietSteps(count, token: 0)
                step += count
                outcome.quiet += count
                if count > 0 { continue }
            }
            let scheduled = scheduler.schedule(withoutInputs: stretches)
            let batch = try #require(scheduled)
            step += 1
            let tokens = [[Int]](repeating: [0], count: batch.sampledEntries.count)
            for update in scheduler.complete(batch, tokens: tokens) {
                guard let end = update.end else { continue }
                outcome.ends[update.id] = [step, end.generatedTokens, end.preemptions, end.cachedTokens]
            }
        }
        outcome.statistics = scheduler.statistics
        outcome.freeBlocks = scheduler.freeBlockCount
        return outcome
    }

    @Test(arguments: 0..<40) func aStretchIsItsSteps(seed: Int) throws {
        var generator = SeededGenerator(UInt64(seed))
        var step = 0
        let requests = (0..<30).map { _ in
            step += Int.random(in: 0...20, using: &generator)
            return (
                step: step, prompt: Int.random(in: 1...40, using: &generator),
                answer: Int.random(in: 1...60, using: &generator)
            )
        }
        // Few blocks, so that sequences lose theirs.
        let limits = limits(blocks: 26 + seed % 3 * 20, prefixCaching: seed % 2 == 1)
        let exact = try run(limits, requests, stretches: false)
        var quick = try run(limits, requests, stretches: true)
        #expect(quick.quiet > 0)
        quick.quiet = 0
        #expect(exact == quick)
        #expect(exact.ends.count == 30)
    }

    @Test func aStepThatDecidesSomethingIsNotQuiet() throws {
        var scheduler = Scheduler(limits(blocks: 50))
        #expect(scheduler.quietStepCount == 0)
        let request = GenerationRequest(id: 1, promptTokenIDs: [1, 2], maxNewTokens: 10)
        try scheduler.add(request, stopTokenIDs: [])
        #expect(scheduler.quietStepCount == 0, "the prompt is to be computed")
        let scheduled = scheduler.schedule()
        let batch = try #require(scheduled)
        #expect(scheduler.quietStepCount == 0, "a batch is under way")
        _ = scheduler.complete(batch, tokens: [[0]])
        // One token is drawn and the last one ends the answer.
        #expect(scheduler.quietStepCount == 8)
        try scheduler.add(GenerationRequest(id: 2, promptTokenIDs: [1], maxNewTokens: 1), stopTokenIDs: [])
        #expect(scheduler.quietStepCount == 0, "a request can begin")
        #expect(scheduler.runningLengths.map(\.tokens) == [3])
    }

    @Test func blocksBoundAStretch() throws {
        // Two sequences in four blocks of four: at eight tokens each none is free.
        var scheduler = Scheduler(limits(blocks: 4))
        for id in 0..<2 {
            let request = GenerationRequest(id: UInt64(id), promptTokenIDs: [id, 1], maxNewTokens: 14)
            try scheduler.add(request, stopTokenIDs: [])
        }
        let scheduled = scheduler.schedule()
        let batch = try #require(scheduled)
        _ = scheduler.complete(batch, tokens: [[0], [0]])
        #expect(scheduler.quietStepCount == 6)
        scheduler.takeQuietSteps(6, token: 0)
        #expect(scheduler.freeBlockCount == 0 && scheduler.quietStepCount == 0)
        let last = scheduler.schedule()
        #expect(last != nil)
        #expect(scheduler.statistics.preemptions == 1)
        scheduler.abandonBatch()
    }
}
