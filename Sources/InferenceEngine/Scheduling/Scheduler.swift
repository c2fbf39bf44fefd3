/// Decides what each step computes: continuous batching over a paged key/value cache.
///
/// A pure state machine without a clock, a task or a device: `add` and `cancel` at any time, then `schedule` and
/// `complete` in turn. The rules:
///
/// 1. Sequences that decode go first, one token each; then prompts under way, then waiting ones, each as much as is
///    left of the token budget. Order is priority, then arrival; the head of the queue is never overtaken.
/// 2. Admission takes all blocks for the tokens so far, so that a prefill never stalls half-way, and leaves a free
///    block for each running sequence to grow into.
/// 3. When a decoding sequence finds no free block, the last in order loses all of its blocks and waits to be computed
///    again; its drawn tokens stay. After `maxPreemptions` times it waits until all blocks that it can ever need are
///    free, holds them, and is left alone.
/// 4. Guessed tokens go last, into rows and blocks that nothing else wants; blocks of guesses that were wrong are given
///    back at once. So they preempt nobody and delay nobody.
/// 5. Background sequences make way: they lose their places and blocks to others that wait, have no part in a step that
///    computes another's prompt, and no larger part than the others in any step that has others in it.
/// 6. Tokens depend on a sequence's own tokens alone, so chunks, batches, preemption and guesses do not change them.
package struct Scheduler: ~Copyable {
    package let limits: SchedulingLimits
    package private(set) var statistics = SchedulerStatistics()
    private var pool: KVBlockPool
    /// Each precedes the next.
    private(set) var running: [RunningSequence] = []
    /// Each precedes the one before, so that the head of the queue is the last element.
    private(set) var waiting: [RunningSequence] = []
    private var arrivals: UInt64 = 0
    private(set) var isInFlight = false
    private var policy: SpeculationPolicy

    package init(_ limits: SchedulingLimits) {
        precondition(limits.maxSequences > 0 && limits.maxSequences <= min(limits.tokenBudget, limits.maxOutputs))
        precondition(limits.blockCount > 0 && limits.blockSize > 0)
        precondition(limits.maxSequenceLength <= limits.blockCount * limits.blockSize)
        self.limits = limits
        policy = SpeculationPolicy(limits.speculation)
        pool = KVBlockPool(
            blockCount: limits.blockCount,
            blockSize: limits.blockSize,
            prefixCaching: limits.prefixCaching
        )
    }

    deinit {
        // The pool goes with its tables.
        for sequence in running {
            var table = sequence.takeTable()
            _ = table.removeAll()
        }
    }

    package var runningCount: Int { running.count }
    package var waitingCount: Int { waiting.count }
    package var hasWork: Bool { !running.isEmpty || !waiting.isEmpty }
    package var freeBlockCount: Int { pool.freeCount }

    /// Queues a request; `stopTokenIDs` are all that end it.
    ///
    /// Throws `.promptTooLong` when the prompt and one token more can never be held.
    package mutating func add(_ request: GenerationRequest, stopTokenIDs: Set<Int>) throws(EngineError) {
        let count = request.promptTokenIDs.count
        try limits.checkPrompt(tokenCount: count)
        let room = limits.maxSequenceLength - count
        let sequence = RunningSequence(
            request,
            arrival: arrivals,
            maxLength: count + min(room, request.maxNewTokens ?? room),
            stopTokenIDs: stopTokenIDs
        )
        arrivals += 1
        enqueue(sequence)
    }

    /// Forgets a request and gives its blocks back; nil when it is not known.
    package mutating func cancel(_ id: UInt64) -> SequenceEnd? {
        if let index = running.firstIndex(where: { $0.id == id }) {
            return end(running.remove(at: index), .cancelled)
        }
        if let index = waiting.firstIndex(where: { $0.id == id }) {
            return end(waiting.remove(at: index), .cancelled)
        }
        return nil
    }

    /// The next step, or nil when there is nothing to do; `complete` must follow before the next call.
    ///
    /// `withoutInputs` leaves out what only a device needs, which takes most of the time where contexts are long.
    package mutating func schedule(withoutInputs: Bool = false) -> ScheduledBatch? {
        precondition(!isInFlight, "the last batch has not been completed")
        makeWay()
        let isPromptWaiting =
            waiting.last.map { !$0.isBackground } ?? false
            || running.contains { !$0.isBackground && $0.remainingCount > 1 }
        var plan = StepPlan(leavesOutBackground: isPromptWaiting)
        let preempted = scheduleDecodes(&plan)
        for sequence in running where sequence.remainingCount > 1 { plan.append(sequence, limits) }
        // What has just lost its blocks must not take them back at once.
        if !preempted { admit(to: &plan) }
        guard !plan.parts.isEmpty else { return nil }
        addDrafts(to: &plan)
        isInFlight = true
        statistics.steps += 1
        statistics.computedTokens += plan.tokenCount
        return plan.batch(blockSize: limits.blockSize, withoutInputs: withoutInputs)
    }

    /// Takes the drawn tokens, an array for each of the batch's `sampledEntries`; an empty one drops that sequence.
    ///
    /// Each holds the tokens of the entry's draft as far as they were drawn, and then one more: the first that was not
    /// drafted. The updates are those tokens in order; entries that were cancelled meanwhile are passed over.
    package mutating func complete(_ batch: ScheduledBatch, tokens: [[Int]]) -> [SequenceUpdate] {
        precondition(isInFlight && tokens.count == batch.sampledEntries.count, "an array for each sampled entry")
        isInFlight = false
        var updates: [SequenceUpdate] = []
        var drawn = tokens.makeIterator()
        for entry in batch.entries {
            let tokens = entry.isSampled ? drawn.next() ?? [] : []
            guard let index = running.firstIndex(where: { $0.id == entry.id && $0.arrival == entry.arrival }) else {
                continue
            }
            let sequence = running[index]
            accept(tokens, entry, sequence)
            guard entry.isSampled else { continue }
            updates += tokens.map { SequenceUpdate(id: entry.id, token: $0, isStop: false, end: nil) }
            guard let last = tokens.last else {
                _ = end(running.remove(at: index), .cancelled)
                continue
            }
            // A draft holds no stop token and stays below the longest length, so only the last token can be the end.
            let isStop = sequence.stopTokenIDs.contains(last)
            updates[updates.count - 1].isStop = isStop
            if isStop || sequence.tokens.count >= sequence.maxLength {
                updates[updates.count - 1].end = end(running.remove(at: index), isStop ? .stop : .length)
            }
        }
        return updates
    }

    /// Takes how long a batch took from its start to its drawn tokens: what guessing may cost is learnt from it.
    package mutating func measured(_ batch: ScheduledBatch, seconds: Double) {
        if batch.isDecodeOnly { policy.record(rows: batch.tokenCount, seconds: seconds) }
    }

    /// Gives up the batch that was scheduled last, as if it had not been.
    ///
    /// Sequences in it stay as they were; cancel those that must not go on.
    package mutating func abandonBatch() {
        isInFlight = false
    }

    // MARK: Steps of `schedule`

    /// Takes places and blocks from background sequences for as long as another one lacks them.
    private mutating func makeWay() {
        while let head = waiting.last, !head.isBackground, let last = running.last, last.isBackground,
            place(head) == nil
        {
            preempt(at: running.count - 1, isCounted: false)
        }
    }

    /// The blocks that a waiting sequence finds in the cache, and how many it needs besides; nil while there are not so many.
    func place(_ sequence: RunningSequence) -> (cached: [Int32], needed: Int)? {
        guard running.count < limits.maxSequences else { return nil }
        let cached = pool.cachedBlocks(sequence.tokens, salt: sequence.cacheSalt)
        let length = reserves(sequence) ? sequence.maxLength : sequence.tokens.count
        let needed = limits.blocks(for: length) - cached.count
        return needed + pool.freeCount(among: cached) + running.count <= pool.freeCount ? (cached, needed) : nil
    }

    private func reserves(_ sequence: RunningSequence) -> Bool { sequence.preemptions >= limits.maxPreemptions }

    /// One token for each decoding sequence; true when a sequence was preempted.
    private mutating func scheduleDecodes(_ plan: inout StepPlan) -> Bool {
        var preempted = false
        var index = 0
        decoding: while index < running.count {
            let sequence = running[index]
            guard sequence.remainingCount == 1, plan.room(for: sequence, limits) > 0 else {
                index += 1
                continue
            }
            while sequence.table.count * limits.blockSize < sequence.tokens.count {
                if pool.allocate(1, to: &sequence.table) { continue }
                preempted = true
                // A reserved sequence holds all it needs, so this one is not reserved and a victim exists.
                let victim =
                    running.lastIndex { !$0.isReserved || ($0.isBackground && !sequence.isBackground) } ?? index
                preempt(at: victim, isCounted: running[victim].isBackground == sequence.isBackground)
                if victim == index { continue decoding }
            }
            plan.append(sequence, limits)
            index += 1
        }
        return preempted
    }

    /// Sends a sequence back to wait; what is counted against it brings it to hold all of its blocks in the end.
    private mutating func preempt(at index: Int, isCounted: Bool) {
        let sequence = running.remove(at: index)
        pool.release(sequence.takeTable())
        sequence.computedCount = 0
        sequence.hashes = []
        if isCounted { sequence.preemptions += 1 }
        statistics.preemptions += 1
        enqueue(sequence)
    }

    private mutating func admit(to plan: inout StepPlan) {
        while let sequence = waiting.last, plan.room(for: sequence, limits) > 0,
            let (cached, needed) = place(sequence)
        {
            waiting.removeLast()
            pool.share(cached, with: &sequence.table)
            let allocated = pool.allocate(needed, to: &sequence.table)
            precondition(allocated, "the free blocks were counted")
            sequence.isReserved = reserves(sequence)
            sequence.computedCount = cached.count * limits.blockSize
            var hash = BlockHash.root(salt: sequence.cacheSalt)
            for block in cached.indices {
                hash = hash.next(sequence.tokens[block * limits.blockSize..<(block + 1) * limits.blockSize])
                sequence.hashes.append(hash)
            }
            if sequence.cachedCount == nil {
                // The beginning of an answer that goes on here is no part of the prompt.
                let hits = min(sequence.computedCount, sequence.promptCount)
                sequence.cachedCount = hits
                statistics.prefixQueriedTokens += sequence.promptCount
                statistics.prefixHitTokens += hits
                plan.admitted.append(sequence.id)
            }
            running.insertInOrder(sequence)
            plan.append(sequence, limits)
        }
    }

    /// Adds guesses to sequences that decode, as far as rows and free blocks are left.
    private mutating func addDrafts(to plan: inout StepPlan) {
        guard limits.speculation != .off else { return }
        let decodes = plan.parts.indices.filter { plan.parts[$0].isDecode }
        let drafts = policy.drafts(
            for: decodes.map { plan.parts[$0].sequence },
            room: min(limits.tokenBudget - plan.tokenCount, limits.maxOutputs - plan.outputCount),
            isMeasured: decodes.count == plan.parts.count
        )
        for (index, draft) in zip(decodes, drafts) where !draft.isEmpty {
            let sequence = plan.parts[index].sequence
            let length = sequence.tokens.count
            let missing = limits.blocks(for: length + draft.tokens.count) - sequence.table.count
            _ = pool.allocate(max(0, min(missing, pool.freeCount)), to: &sequence.table)
            plan.append(draft.prefix(sequence.table.count * limits.blockSize - length), toPart: index)
        }
    }

    // MARK: Bookkeeping

    /// Appends what was drawn; keys and values of drafted tokens that were not are written again later.
    private mutating func accept(_ tokens: [Int], _ entry: ScheduledBatch.Entry, _ sequence: RunningSequence) {
        let accepted = max(0, tokens.count - 1)
        precondition(
            tokens.prefix(accepted).elementsEqual(entry.draftTokens.prefix(accepted), by: { $0 == Int($1) }),
            "only the last token may differ from the draft"
        )
        for token in tokens { sequence.append(token) }
        sequence.computedCount = entry.contextLength - entry.draftTokens.count + accepted
        rememberBlocks(of: sequence)
        guard !entry.draft.isEmpty else { return }
        if !sequence.isReserved { pool.trim(&sequence.table, to: limits.blocks(for: sequence.computedCount)) }
        sequence.draftTokens += entry.draftTokens.count
        sequence.acceptedTokens += accepted
        statistics.drafts += 1
        statistics.draftTokens += entry.draftTokens.count
        statistics.acceptedTokens += accepted
        policy.record(entry.draft, accepted: accepted, of: sequence)
    }

    private mutating func enqueue(_ sequence: RunningSequence) {
        var (low, high) = (0, waiting.count)
        while low < high {
            let middle = (low + high) / 2
            if sequence.precedes(waiting[middle]) { low = middle + 1 } else { high = middle }
        }
        waiting.insert(sequence, at: low)
    }

    private mutating func end(_ sequence: RunningSequence, _ reason: FinishReason) -> SequenceEnd {
        pool.release(sequence.takeTable())
        return SequenceEnd(
            reason: reason,
            promptTokens: sequence.promptCount,
            cachedTokens: sequence.cachedCount ?? 0,
            generatedTokens: sequence.generatedCount,
            preemptions: sequence.preemptions,
            draftTokens: sequence.draftTokens,
            acceptedTokens: sequence.acceptedTokens
        )
    }

    /// What `count` quiet steps leave behind: their tokens, their blocks, and their place in the statistics.
    mutating func takeSteps(_ count: Int, token: Int) {
        for sequence in running {
            let missing = limits.blocks(for: sequence.tokens.count + count - 1) - sequence.table.count
            let allocated = missing <= 0 || pool.allocate(missing, to: &sequence.table)
            precondition(allocated, "the free blocks were counted")
            sequence.append(token, count: count)
            sequence.computedCount += count
            rememberBlocks(of: sequence)
        }
        statistics.steps += count
        statistics.computedTokens += count * running.count
    }

    /// Tells the pool of blocks that have become full and computed.
    private mutating func rememberBlocks(of sequence: RunningSequence) {
        guard limits.prefixCaching else { return }
        while (sequence.hashes.count + 1) * limits.blockSize <= sequence.computedCount {
            let index = sequence.hashes.count
            let content = sequence.tokens[index * limits.blockSize..<(index + 1) * limits.blockSize]
            let parent = sequence.hashes.last ?? BlockHash.root(salt: sequence.cacheSalt)
            let hash = parent.next(content)
            pool.remember(sequence.table.blocks[index], hash, after: parent, tokens: content)
            sequence.hashes.append(hash)
        }
    }
}

/// What the scheduler has counted since it began.
package struct SchedulerStatistics: Sendable, Hashable {
    package var steps = 0
    /// Tokens computed, also those computed again after a preemption.
    package var computedTokens = 0
    package var preemptions = 0
    /// Prompt tokens of admitted requests, and how many of them were in the cache.
    package var prefixQueriedTokens = 0
    package var prefixHitTokens = 0
    /// Guesses that were checked, the tokens in them, and how many of those were right.
    package var drafts = 0
    package var draftTokens = 0
    package var acceptedTokens = 0
}
