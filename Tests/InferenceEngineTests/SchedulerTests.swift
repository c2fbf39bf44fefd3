import Testing

@testable import InferenceEngine

extension SchedulingLimits {
    static func small(
        maxSequences: Int = 4,
        tokenBudget: Int = 8,
        blockCount: Int = 16,
        contextLength: Int = 64,
        prefixCaching: Bool = true,
        maxPreemptions: Int = 2,
        maxOutputs: Int? = nil,
        speculation: Speculation = .off
    ) -> SchedulingLimits {
        SchedulingLimits(
            maxSequences: maxSequences,
            tokenBudget: tokenBudget,
            maxOutputs: maxOutputs ?? tokenBudget,
            blockCount: blockCount,
            blockSize: 4,
            contextLength: contextLength,
            maxSequenceLength: min(contextLength, blockCount * 4),
            prefixCaching: prefixCaching,
            maxPreemptions: maxPreemptions,
            speculation: speculation
        )
    }
}

@Suite struct SchedulerTests {
    /// Steps until the scheduler is idle, drawing `token` for everyone; the finished requests in order.
    private func drain(_ scheduler: inout Scheduler, token: Int = 1) -> [(UInt64, SequenceEnd)] {
        var ends: [(UInt64, SequenceEnd)] = []
        while let batch = scheduler.schedule() {
            let tokens = batch.sampledEntries.map { _ in [token] }
            for update in scheduler.complete(batch, tokens: tokens) {
                if let end = update.end { ends.append((update.id, end)) }
            }
        }
        return ends
    }

    private func request(_ id: UInt64, _ prompt: Range<Int>, new: Int? = nil, priority: Int = 0) -> GenerationRequest {
        GenerationRequest(id: id, promptTokenIDs: Array(prompt), maxNewTokens: new, priority: priority)
    }

    @Test func longPromptIsComputedInChunksAndSampledOnce() throws {
        var scheduler = Scheduler(.small())
        try scheduler.add(request(1, 0..<19, new: 1), stopTokenIDs: [])
        var counts: [Int] = []
        var sampled: [Bool] = []
        while let batch = scheduler.schedule() {
            counts.append(batch.tokenCount)
            sampled.append(!batch.sampledEntries.isEmpty)
            _ = scheduler.complete(batch, tokens: batch.sampledEntries.map { _ in [5] })
        }
        #expect(counts == [8, 8, 3])
        #expect(sampled == [false, false, true])
        #expect(scheduler.freeBlockCount == 16)
    }

    @Test func decodesGoBeforePromptsInOneBatch() throws {
        var scheduler = Scheduler(.small())
        try scheduler.add(request(1, 0..<3), stopTokenIDs: [])
        let firstStep = scheduler.schedule()
        let first = try #require(firstStep)
        _ = scheduler.complete(first, tokens: [[7]])
        try scheduler.add(request(2, 0..<20), stopTokenIDs: [])
        let secondStep = scheduler.schedule()
        let second = try #require(secondStep)
        #expect(second.entries.map(\.id) == [1, 2])
        #expect(second.entries.map(\.tokenCount) == [1, 7])
        #expect(second.sampledEntries.map(\.id) == [1])
        #expect(second.inputs.positions == [3, 0, 1, 2, 3, 4, 5, 6])
        #expect(second.inputs.tokenIDs.first == 7)
        #expect(second.inputs.sequenceStarts == [0, 1, 8])
        #expect(second.inputs.contextLengths == [4, 7])
        #expect(second.inputs.outputRows == [0])
    }

    @Test func severalShortPromptsShareTheFirstStep() throws {
        var scheduler = Scheduler(.small())
        for id in 1...3 as ClosedRange<UInt64> { try scheduler.add(request(id, 0..<2), stopTokenIDs: []) }
        let batchStep = scheduler.schedule()
        let batch = try #require(batchStep)
        #expect(batch.entries.map(\.id) == [1, 2, 3])
        #expect(batch.sampledEntries.map(\.id) == [1, 2, 3])
        #expect(batch.admitted == [1, 2, 3])
    }

    @Test func higherPriorityGoesFirst() throws {
        var scheduler = Scheduler(.small(maxSequences: 1))
        try scheduler.add(request(1, 0..<2, new: 1), stopTokenIDs: [])
        try scheduler.add(request(2, 0..<2, new: 1), stopTokenIDs: [])
        try scheduler.add(request(3, 0..<2, new: 1, priority: 1), stopTokenIDs: [])
        let ends1 = drain(&scheduler)
        #expect(ends1.map(\.0) == [3, 1, 2])
    }

    @Test func backgroundHasNoPartInAStepWithAnothersPromptAndNoLargerOneThanOthers() throws {
        var scheduler = Scheduler(.small(maxSequences: 4, tokenBudget: 16))
        let background = GenerationRequest.backgroundPriority
        for id in 1...3 { try scheduler.add(request(UInt64(id), 0..<2, priority: background), stopTokenIDs: []) }
        func step() throws -> [UInt64] {
            let scheduled = scheduler.schedule()
            let batch = try #require(scheduled)
            _ = scheduler.complete(batch, tokens: batch.sampledEntries.map { _ in [1] })
            return batch.entries.map(\.id)
        }
        #expect(try step() == [1, 2, 3])
        try scheduler.add(request(9, 5..<8, new: 3), stopTokenIDs: [])
        #expect(try step() == [9], "its prompt goes alone")
        #expect(try step() == [9, 1], "one token beside one token")
        #expect(try step() == [9, 1])
        #expect(try step() == [1, 2, 3])
    }

    @Test func backgroundLosesPlacesAndBlocksToWhoeverWaits() throws {
        var scheduler = Scheduler(.small(maxSequences: 2, tokenBudget: 64, blockCount: 8, contextLength: 32))
        let background = GenerationRequest.backgroundPriority
        try scheduler.add(request(1, 0..<6, new: 4, priority: background), stopTokenIDs: [])
        try scheduler.add(request(2, 10..<16, new: 4, priority: background), stopTokenIDs: [])
        let first = scheduler.schedule()
        let batch = try #require(first)
        #expect(batch.entries.map(\.id) == [1, 2])
        _ = scheduler.complete(batch, tokens: [[1], [1]])
        // No place, and no room for its 28 tokens either.
        try scheduler.add(request(3, 20..<48, new: 2), stopTokenIDs: [])
        let second = scheduler.schedule()
        let other = try #require(second)
        #expect(other.entries.map(\.id) == [3])
        _ = scheduler.complete(other, tokens: [[1]])
        let ends = drain(&scheduler)
        #expect(ends.map(\.0) == [3, 1, 2])
        #expect(ends.map(\.1.generatedTokens) == [2, 4, 4])
        #expect(ends.map(\.1.preemptions) == [0, 0, 0], "making way is not counted against them")
    }

    @Test func backgroundPromptsAreComputedInSmallChunks() throws {
        var limits = SchedulingLimits.small(tokenBudget: 16)
        limits.backgroundTokens = 5
        var scheduler = Scheduler(limits)
        let background = GenerationRequest.backgroundPriority
        try scheduler.add(request(1, 0..<12, new: 1, priority: background), stopTokenIDs: [])
        var counts: [Int] = []
        while let batch = scheduler.schedule() {
            counts.append(batch.tokenCount)
            _ = scheduler.complete(batch, tokens: batch.sampledEntries.map { _ in [1] })
        }
        #expect(counts == [5, 5, 2])
    }

    @Test func promptThatCanNeverFitIsRefused() throws {
        var context = Scheduler(.small())
        do {
            try context.add(request(1, 0..<64), stopTokenIDs: [])
            Issue.record("a prompt as long as the context was taken")
        } catch {
            #expect(error.code == .promptTooLong)
            #expect(error.message.contains("context"))
        }
        var cache = Scheduler(.small(blockCount: 4))
        do {
            try cache.add(request(1, 0..<16), stopTokenIDs: [])
            Issue.record("a prompt as long as the cache was taken")
        } catch {
            #expect(error.code == .promptTooLong)
            #expect(error.message.contains("cache"))
        }
        try cache.add(request(2, 0..<15), stopTokenIDs: [])
        let ends2 = drain(&cache)
        #expect(ends2.map(\.1.reason) == [.length])
    }

    @Test func answerEndsAtTheContext() throws {
        var scheduler = Scheduler(.small(contextLength: 10))
        try scheduler.add(request(1, 0..<6), stopTokenIDs: [])
        let ends = drain(&scheduler)
        #expect(ends.map(\.1.generatedTokens) == [4])
        #expect(ends.map(\.1.reason) == [.length])
    }

    @Test func stopTokenEndsTheAnswerAndIsCounted() throws {
        var scheduler = Scheduler(.small())
        try scheduler.add(request(1, 0..<6), stopTokenIDs: [1])
        let ends = drain(&scheduler)
        #expect(ends.map(\.1.reason) == [.stop])
        #expect(ends.map(\.1.generatedTokens) == [1])
    }

    @Test func secondRequestFindsTheFirstOnesPrefix() throws {
        var scheduler = Scheduler(.small())
        try scheduler.add(request(1, 0..<12, new: 1), stopTokenIDs: [])
        _ = drain(&scheduler)
        // The third block holds the last token, which must be computed.
        try scheduler.add(request(2, 0..<12, new: 1), stopTokenIDs: [])
        let ends3 = drain(&scheduler)
        #expect(ends3.map(\.1.cachedTokens) == [8])
        try scheduler.add(request(3, 0..<13, new: 1), stopTokenIDs: [])
        let ends4 = drain(&scheduler)
        #expect(ends4.map(\.1.cachedTokens) == [12])
        // Another beginning, and another salt, are no hits.
        try scheduler.add(request(4, 1..<13, new: 1), stopTokenIDs: [])
        var salted = request(5, 0..<13, new: 1)
        salted.cacheSalt = "somebody else"
        try scheduler.add(salted, stopTokenIDs: [])
        let ends5 = drain(&scheduler)
        #expect(ends5.map(\.1.cachedTokens) == [0, 0])
    }

    @Test func preemptedSequenceIsComputedAgainAndKeepsItsTokens() throws {
        var scheduler = Scheduler(.small(blockCount: 6, prefixCaching: false))
        try scheduler.add(request(1, 0..<4, new: 12), stopTokenIDs: [])
        try scheduler.add(request(2, 10..<14, new: 12), stopTokenIDs: [])
        let ends = drain(&scheduler)
        #expect(ends.map(\.0) == [1, 2])
        #expect(ends.map(\.1.generatedTokens) == [12, 12])
        #expect(ends[0].1.preemptions == 0)
        #expect(ends[1].1.preemptions > 0)
        #expect(scheduler.freeBlockCount == 6)
    }

    @Test func preemptionsOfOneRequestAreCapped() throws {
        var scheduler = Scheduler(.small(maxSequences: 8, blockCount: 16, maxPreemptions: 2))
        for id in 0..<20 as Range<UInt64> {
            try scheduler.add(request(id, Int(id)..<Int(id) + 6, new: 40), stopTokenIDs: [])
        }
        let ends = drain(&scheduler)
        #expect(ends.count == 20)
        #expect(ends.allSatisfy { $0.1.preemptions <= 2 && $0.1.generatedTokens == 40 })
        #expect(scheduler.statistics.preemptions > 0)
    }

    @Test func cancelBetweenScheduleAndCompleteIsSafe() throws {
        var scheduler = Scheduler(.small())
        try scheduler.add(request(1, 0..<3), stopTokenIDs: [])
        try scheduler.add(request(2, 0..<3), stopTokenIDs: [])
        let batchStep = scheduler.schedule()
        let batch = try #require(batchStep)
        let cancelled = scheduler.cancel(1)
        #expect(cancelled?.reason == .cancelled)
        // A new request under the old id must not get the old one's token.
        try scheduler.add(request(1, 0..<3), stopTokenIDs: [])
        let updates = scheduler.complete(batch, tokens: [[4], [5]])
        #expect(updates.map(\.id) == [2])
        #expect(scheduler.waitingCount == 1)
        let ends = [99, 1, 2].map { scheduler.cancel($0)?.reason }
        #expect(ends == [nil, .cancelled, .cancelled])
        #expect(scheduler.freeBlockCount == 16)
    }
}
