import KongurTesting
import Testing

@testable import InferenceEngine

/// Random requests, cancellations and draws against a model of the cache that believes nothing.
@Suite struct SchedulerPropertyTests {
    /// What stands in a slot, as the device would know it.
    private struct Written: Hashable {
        var token: Int32
        var position: Int
    }

    private struct Expected {
        var tokens: [Int32]
        var promptCount: Int
        var maxNew: Int
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func everyStepKeepsTheRulesAndEveryRequestEnds(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let limits = SchedulingLimits.small(
            maxSequences: .random(in: 1...6, using: &random),
            tokenBudget: .random(in: 6...20, using: &random),
            blockCount: .random(in: 5...24, using: &random),
            contextLength: .random(in: 12...80, using: &random),
            prefixCaching: .random(using: &random),
            maxPreemptions: .random(in: 0...3, using: &random)
        )
        var scheduler = Scheduler(limits)
        var expected: [UInt64: Expected] = [:]
        var slots: [Int32: Written] = [:]
        var nextID: UInt64 = 0
        var toAdd = 60
        var steps = 0

        while toAdd > 0 || scheduler.hasWork {
            if toAdd > 0, Bool.random(using: &random) {
                toAdd -= 1
                // Few different beginnings, so that prefixes are shared.
                let count = Int.random(in: 1..<limits.maxSequenceLength, using: &random)
                let base = Int.random(in: 0..<3, using: &random)
                var prompt = (0..<count).map { base + $0 % 7 }
                prompt[count - 1] = Int.random(in: 0..<9, using: &random)
                let maxNew = Int.random(in: 1...20, using: &random)
                let request = GenerationRequest(
                    id: nextID,
                    promptTokenIDs: prompt,
                    maxNewTokens: maxNew,
                    priority: .random(in: 0...1, using: &random)
                )
                try scheduler.add(request, stopTokenIDs: [100])
                expected[nextID] = Expected(tokens: prompt.map(Int32.init), promptCount: count, maxNew: maxNew)
                nextID += 1
            }
            if Int.random(in: 0..<12, using: &random) == 0,
                let id = expected.keys.sorted().randomElement(using: &random)
            {
                let cancelled = scheduler.cancel(id)
                let end = try #require(cancelled)
                #expect(end.generatedTokens == (expected[id]?.tokens.count ?? 0) - end.promptTokens)
                expected[id] = nil
            }
            guard let batch = scheduler.schedule() else {
                let hasWork = scheduler.hasWork
                #expect(!hasWork, "work is left but nothing was scheduled")
                continue
            }
            steps += 1
            try #require(steps < 100_000)
            try check(batch, limits, expected, &slots)

            // A request may also be cancelled while the device runs.
            if Int.random(in: 0..<20, using: &random) == 0, let id = batch.entries.randomElement(using: &random)?.id {
                _ = scheduler.cancel(id)
                expected[id] = nil
            }
            let tokens = batch.sampledIDs.map { _ in
                Int.random(in: 0..<30, using: &random) == 0 ? 100 : Int.random(in: 0..<9, using: &random)
            }
            for update in scheduler.complete(batch, tokens: tokens.map { $0 }) {
                let token = try #require(update.token)
                var sequence = try #require(expected[update.id])
                sequence.tokens.append(Int32(token))
                let generated = sequence.tokens.count - sequence.promptCount
                if token == 100 {
                    #expect(update.isStop && update.end?.reason == .stop)
                } else if generated == sequence.maxNew || sequence.tokens.count == limits.maxSequenceLength {
                    #expect(update.end?.reason == .length)
                } else {
                    #expect(update.end == nil)
                }
                if let end = update.end {
                    #expect(end.generatedTokens == generated)
                    #expect(end.preemptions <= limits.maxPreemptions)
                }
                expected[update.id] = update.end == nil ? sequence : nil
            }
        }
        #expect(expected.isEmpty, "every request has ended")
        #expect(scheduler.freeBlockCount == limits.blockCount, "no block is lost")
    }

    /// Plays the batch into the model of the cache, and reads every sequence back through its table.
    private func check(
        _ batch: ScheduledBatch,
        _ limits: SchedulingLimits,
        _ expected: [UInt64: Expected],
        _ slots: inout [Int32: Written]
    ) throws {
        let inputs = batch.inputs
        #expect(batch.tokenCount <= limits.tokenBudget)
        #expect(batch.entries.count <= limits.maxSequences)
        #expect(inputs.sequenceStarts.count == batch.entries.count + 1)
        #expect(Set(inputs.slots).count == inputs.slots.count, "no slot is written twice")
        for row in inputs.slots.indices {
            slots[inputs.slots[row]] = Written(token: inputs.tokenIDs[row], position: Int(inputs.positions[row]))
        }
        for (index, entry) in batch.entries.enumerated() {
            let sequence = try #require(expected[entry.id])
            #expect(entry.contextLength == Int(inputs.contextLengths[index]))
            #expect(entry.isSampled == (entry.contextLength == sequence.tokens.count))
            let table = inputs.blockTables[index * inputs.tableWidth..<(index + 1) * inputs.tableWidth]
            for position in 0..<entry.contextLength {
                let block = table[table.startIndex + position / limits.blockSize]
                let slot = block * Int32(limits.blockSize) + Int32(position % limits.blockSize)
                // Shared or not, computed now or long ago: the slot must hold this sequence's token.
                #expect(slots[slot] == Written(token: sequence.tokens[position], position: position))
            }
        }
    }
}
