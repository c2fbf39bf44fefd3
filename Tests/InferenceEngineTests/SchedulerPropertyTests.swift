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
        var limits = limits(&random)
        limits.turnTokens = .random(in: 1...8, using: &random)
        limits.backgroundPatience = .random(in: 1...20, using: &random)
        limits.mostPasses = .random(in: 0...8, using: &random)
        let accounts = (0..<Int.random(in: 1...4, using: &random)).map { index in
            Account("\(index)", weight: .random(in: 1...3, using: &random))
        }
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
                    account: accounts.randomElement(using: &random) ?? .anonymous,
                    priority: [0, 1, GenerationRequest.backgroundPriority].randomElement(using: &random) ?? 0
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
            let tokens = batch.sampledEntries.map { draw($0, &random) }
            // A clock that says anything: it must not matter to the rules.
            scheduler.measured(batch, seconds: .random(in: 0...1, using: &random))
            for update in scheduler.complete(batch, tokens: tokens) {
                var sequence = try #require(expected[update.id])
                sequence.tokens.append(Int32(update.token))
                let generated = sequence.tokens.count - sequence.promptCount
                if update.token == 100 {
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
        let statistics = scheduler.statistics
        #expect(statistics.acceptedTokens <= statistics.draftTokens)
        if case .upTo = limits.speculation, limits.maxOutputs > limits.maxSequences {
            #expect(statistics.acceptedTokens > 0)
        }
        if limits.speculation == .off { #expect(statistics.drafts == 0) }
    }

    /// Drafts that are always wrong cost rows and nothing else: all is scheduled as if there were none.
    @Test(arguments: 100..<130 as Range<UInt64>)
    func wrongDraftsChangeNothing(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        var limits = limits(&random)
        // Blocks for drafts may cost an old prefix its place, as any use of blocks does.
        limits.prefixCaching = false
        limits.speculation = .upTo(.random(in: 1...6, using: &random))
        limits.maxOutputs = limits.maxSequences + 4
        let speculating = try trace(limits, seed)
        limits.speculation = .off
        let plain = try trace(limits, seed)
        #expect(speculating.steps == plain.steps)
        #expect(plain.drafts == 0 && speculating.drafts > 0)
    }

    private struct Trace {
        var steps: [[Int]] = []
        var drafts = 0
    }

    /// What is scheduled when each sequence says the same tokens again and again, but never what is drafted.
    private func trace(_ limits: SchedulingLimits, _ seed: UInt64) throws -> Trace {
        var random = SeededGenerator(seed)
        var scheduler = Scheduler(limits)
        var trace = Trace()
        for id in 0..<20 as Range<UInt64> {
            let count = Int.random(in: 2..<limits.maxSequenceLength, using: &random)
            // After 0 and 1 came 2 in the prompt; in the answer it is something else each time.
            let request = GenerationRequest(
                id: id,
                promptTokenIDs: (0..<count).map { $0 % 3 },
                maxNewTokens: .random(in: 1...20, using: &random)
            )
            try scheduler.add(request, stopTokenIDs: [])
        }
        var drawn: [UInt64: Int] = [:]
        while let batch = scheduler.schedule() {
            trace.drafts += batch.entries.count { !$0.draftTokens.isEmpty }
            let tokens = batch.sampledEntries.map { entry in
                drawn[entry.id, default: 0] += 1
                let count = drawn[entry.id, default: 0]
                // A token that has never been, and then a pair that has.
                return [count % 3 == 1 ? 1000 + count : (count + 1) % 3]
            }
            for (entry, token) in zip(batch.sampledEntries, tokens) {
                try #require(
                    entry.draftTokens.first.map(Int.init) != token[0],
                    "the test must draw what was not drafted"
                )
            }
            trace.steps.append(batch.entries.flatMap { [Int($0.id), $0.tokenCount - $0.draftTokens.count] })
            _ = scheduler.complete(batch, tokens: tokens)
            trace.steps.append([scheduler.freeBlockCount, scheduler.statistics.preemptions])
        }
        return trace
    }

    private func limits(_ random: inout SeededGenerator) -> SchedulingLimits {
        let maxSequences = Int.random(in: 1...6, using: &random)
        return .small(
            maxSequences: maxSequences,
            tokenBudget: .random(in: 6...20, using: &random),
            blockCount: .random(in: 5...24, using: &random),
            contextLength: .random(in: 12...80, using: &random),
            prefixCaching: .random(using: &random),
            maxPreemptions: .random(in: 0...3, using: &random),
            maxOutputs: maxSequences + .random(in: 0...8, using: &random),
            speculation: [.off, .automatic, .upTo(1), .upTo(3), .upTo(9)].randomElement(using: &random) ?? .off
        )
    }

    /// Draws what was drafted three times of four, and something else then.
    private func draw(_ entry: ScheduledBatch.Entry, _ random: inout SeededGenerator) -> [Int] {
        var tokens: [Int] = []
        for guess in entry.draftTokens {
            guard Int.random(in: 0..<4, using: &random) > 0 else { break }
            tokens.append(Int(guess))
        }
        return tokens + [Int.random(in: 0..<30, using: &random) == 0 ? 100 : Int.random(in: 0..<9, using: &random)]
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
        #expect(inputs.outputRows.count <= limits.maxOutputs)
        #expect(inputs.outputRows.count == batch.sampledEntries.reduce(0) { $0 + 1 + $1.draftTokens.count })
        #expect(inputs.sequenceStarts.count == batch.entries.count + 1)
        #expect(Set(inputs.slots).count == inputs.slots.count, "no slot is written twice")
        for row in inputs.slots.indices {
            slots[inputs.slots[row]] = Written(token: inputs.tokenIDs[row], position: Int(inputs.positions[row]))
        }
        for (index, entry) in batch.entries.enumerated() {
            let sequence = try #require(expected[entry.id])
            #expect(entry.contextLength == Int(inputs.contextLengths[index]))
            let tokens = sequence.tokens + entry.draftTokens
            #expect(entry.isSampled == (entry.contextLength == tokens.count))
            #expect(entry.draftTokens.isEmpty || entry.isSampled)
            #expect(!entry.draftTokens.contains(100), "a stop token is no draft")
            #expect(entry.draftTokens.isEmpty || tokens.count < sequence.promptCount + sequence.maxNew)
            let table = inputs.blockTables[index * inputs.tableWidth..<(index + 1) * inputs.tableWidth]
            for position in 0..<entry.contextLength {
                let block = table[table.startIndex + position / limits.blockSize]
                let slot = block * Int32(limits.blockSize) + Int32(position % limits.blockSize)
                // Shared or not, computed now or long ago: the slot must hold this sequence's token.
                #expect(slots[slot] == Written(token: tokens[position], position: position))
            }
        }
    }
}
