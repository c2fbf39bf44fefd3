/// Decides what each step computes: continuous batching over a paged key/value cache.
///
/// A pure state machine without a clock, a task or a device: `add` and `cancel` at any time, then `schedule` and
/// `complete` in turn. The rules:
///
/// 1. Sequences that decode go first, one token each; then prompts, as much as is left of the token budget: of the account
///    that has had least, first those under way, then those that wait.
/// 2. Within an account order is priority, then arrival, and the head of the queue is never overtaken. Among accounts places
///    and blocks go to the one that holds least for its weight, of whichever it holds more; who has no work leaves its
///    share to the others. A sequence for which there is no room is passed by those of others within their shares, and not
///    for ever. Priorities go before accounts.
/// 3. Admission takes all blocks for the tokens so far, so that a prefill never stalls half-way, and leaves a free
///    block for each running sequence to grow into.
/// 4. When a decoding sequence finds no free block, the last in order, of the account that holds most, loses all of its
///    blocks and waits to be computed again; its drawn tokens stay. After `maxPreemptions` times it waits until all blocks
///    that it can ever need are free, holds them, and is left alone.
/// 5. An account that holds more than its share loses the surplus to one that waits and holds less. One that has no place
///    at all takes turns with the others.
/// 6. An account that decodes beside another with more rows has steps of its own where steps with all take longer than its
///    share of the time allows.
/// 7. Guessed tokens go last, into rows and blocks that nothing else wants; blocks of guesses that were wrong are given
///    back at once. So they preempt nobody and delay nobody.
/// 8. Background sequences make way: they lose their places and blocks to others that wait, have no part in a step that
///    computes another's prompt, and no larger part than the others in any step that has others in it. Only where other
///    accounts would stop an account's background altogether, one sequence of it becomes ordinary.
/// 9. A sequence that is held, because it is not known yet which tokens may be drawn, sits out the steps that would draw
///    its next token; it keeps its place and its blocks.
/// 10. Tokens depend on a sequence's own tokens alone, so chunks, batches, preemption and guesses do not change them.
package struct Scheduler: ~Copyable {
    package let limits: SchedulingLimits
    package private(set) var statistics = SchedulerStatistics()
    private var pool: KVBlockPool
    /// Each precedes the next.
    var running: [RunningSequence] = []
    /// Those of accounts that have work, and of some that have had more than others.
    var queues: [AccountQueue] = []
    /// What the least served account had had, of ordinary and of background work: where those begin that join.
    var ordinaryTime = 0.0
    var backgroundTime = 0.0
    private var arrivals: UInt64 = 0
    private(set) var isInFlight = false
    private var policy: SpeculationPolicy
    private var turns = StepTurns()
    /// Admitted into a step that had nothing to compute.
    private var admitted: [UInt64] = []

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
    package var waitingCount: Int { queues.reduce(0) { $0 + $1.waiting.count } }
    package var hasWork: Bool { !running.isEmpty || hasWaiting }
    var hasWaiting: Bool { queues.contains { !$0.waiting.isEmpty } }
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
            in: queue(of: request.account, isBackground: request.isBackground),
            arrival: arrivals,
            step: statistics.steps,
            maxLength: count + min(room, request.maxNewTokens ?? room),
            stopTokenIDs: stopTokenIDs
        )
        arrivals += 1
        sequence.queue.enqueue(sequence)
    }

    /// Forgets a request and gives its blocks back; nil when it is not known.
    package mutating func cancel(_ id: UInt64) -> SequenceEnd? {
        if let index = running.firstIndex(where: { $0.id == id }) {
            return end(running.remove(at: index), .cancelled)
        }
        for queue in queues {
            if let sequence = queue.remove(id) { return end(sequence, .cancelled) }
        }
        return nil
    }

    /// Holds a request, so that its next token is not drawn, or lets it go on; unknown ids are passed over.
    package mutating func hold(_ id: UInt64, _ isHeld: Bool = true) {
        for sequence in running where sequence.id == id { sequence.isHeld = isHeld }
        for queue in queues {
            for sequence in queue.waiting where sequence.id == id { sequence.isHeld = isHeld }
        }
    }

    /// The next step, or nil when there is nothing to do; `complete` must follow before the next call.
    ///
    /// `withoutInputs` leaves out what only a device needs, which takes most of the time where contexts are long.
    package mutating func schedule(withoutInputs: Bool = false) -> ScheduledBatch? {
        precondition(!isInFlight, "the last batch has not been completed")
        countHoldings()
        promoteStarved()
        makeWay()
        let isPromptWaiting =
            queues.contains { !$0.isBackground && !$0.waiting.isEmpty }
            || running.contains { !$0.isBackground && $0.remainingCount > 1 }
        let own = turns.begin(lighter)
        var plan = StepPlan(leavesOutBackground: isPromptWaiting, onlyQueues: own?.queues)
        fill(&plan)
        if own != nil, plan.parts.isEmpty {
            turns.pass()
            plan = StepPlan(leavesOutBackground: isPromptWaiting)
            fill(&plan)
        }
        guard !plan.parts.isEmpty else { return nil }
        plan.admitted = admitted
        admitted = []
        addDrafts(to: &plan)
        isInFlight = true
        statistics.steps += 1
        statistics.computedTokens += plan.tokenCount
        charge(plan)
        return plan.batch(blockSize: limits.blockSize, withoutInputs: withoutInputs)
    }

    private mutating func fill(_ plan: inout StepPlan) {
        let preempted = scheduleDecodes(&plan)
        // What has just lost its blocks must not take them back at once.
        schedulePrompts(&plan, admits: !preempted)
        admitted += plan.admitted
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

    /// Takes how long a batch took from its start to its drawn tokens: what guessing may cost is learnt from it, and who
    /// waited longer for the rows of others than they should.
    package mutating func measured(_ batch: ScheduledBatch, seconds: Double) {
        if batch.isDecodeOnly { policy.record(rows: batch.tokenCount, seconds: seconds) }
        turns.record(seconds: seconds) { policy.seconds(rows: $0) }
    }

    /// Gives up the batch that was scheduled last, as if it had not been.
    ///
    /// Sequences in it stay as they were; cancel those that must not go on.
    package mutating func abandonBatch() {
        isInFlight = false
    }

    // MARK: Steps of `schedule`

    /// The blocks that a waiting sequence finds in the cache, and how many it needs besides; nil while there are not so many.
    func place(_ sequence: RunningSequence) -> (cached: [Int32], needed: Int)? {
        guard running.count < limits.maxSequences else { return nil }
        let (cached, needed, missing) = blocks(for: sequence)
        return missing <= 0 ? (cached, needed) : nil
    }

    /// Places and blocks that a waiting sequence lacks.
    func missing(for sequence: RunningSequence) -> (places: Int, blocks: Int) {
        (running.count + 1 - limits.maxSequences, blocks(for: sequence).missing)
    }

    private func blocks(for sequence: RunningSequence) -> (cached: [Int32], needed: Int, missing: Int) {
        let cached = pool.cachedBlocks(sequence.tokens, salt: sequence.cacheSalt)
        let length = reserves(sequence) ? sequence.maxLength : sequence.tokens.count
        let needed = limits.blocks(for: length) - cached.count
        return (cached, needed, needed + pool.freeCount(among: cached) + running.count - pool.freeCount)
    }

    func reserves(_ sequence: RunningSequence) -> Bool { sequence.preemptions >= limits.maxPreemptions }

    /// One token for each decoding sequence; true when a sequence was preempted.
    private mutating func scheduleDecodes(_ plan: inout StepPlan) -> Bool {
        var preempted = false
        var index = 0
        decoding: while index < running.count {
            let sequence = running[index]
            guard sequence.remainingCount == 1, !sequence.isHeld, plan.room(for: sequence, limits) > 0 else {
                index += 1
                continue
            }
            while sequence.table.count * limits.blockSize < sequence.tokens.count {
                if pool.allocate(1, to: &sequence.table) {
                    sequence.queue.blocks += 1
                    continue
                }
                preempted = true
                // A reserved sequence holds all it needs, so this one is not reserved and a victim exists.
                let victim = self.victim(forGrowthOf: sequence) ?? index
                plan.remove(running[victim])
                preempt(at: victim, isCounted: running[victim].isBackground == sequence.isBackground)
                if victim == index { continue decoding }
                if victim < index { index -= 1 }
            }
            plan.append(sequence, limits)
            index += 1
        }
        return preempted
    }

    /// Sends a sequence back to wait; what is counted against it brings it to hold all of its blocks in the end.
    mutating func preempt(at index: Int, isCounted: Bool) {
        let sequence = running.remove(at: index)
        sequence.queue.places -= 1
        sequence.queue.blocks -= sequence.table.count
        pool.release(sequence.takeTable())
        sequence.computedCount = 0
        sequence.hashes = []
        if isCounted { sequence.preemptions += 1 }
        statistics.preemptions += 1
        sequence.queue.enqueue(sequence)
    }

    /// Gives what is left of the step to prompts: again and again to the account that has had least.
    private mutating func schedulePrompts(_ plan: inout StepPlan, admits: Bool) {
        var underWay = running.filter { $0.remainingCount > 1 && plan.includes($0.queue) }[...]
        // Accounts that get no more places in this step, and heads of queues for which there is no room.
        var closed = Set(queues.filter { !admits || !plan.includes($0) }.map(ObjectIdentifier.init))
        var passed: [RunningSequence] = []
        var planned: [ObjectIdentifier: Double] = [:]
        while true {
            let head = nextHead(closed: closed)
            let prompt = nextPrompt(underWay, head, planned)
            guard let prompt else { return }
            let queue = ObjectIdentifier(prompt.queue)
            let before = plan.tokenCount
            if prompt === head {
                if plan.room(for: prompt, limits) > 0, let (cached, needed) = place(prompt),
                    mayPass(passed, prompt, needed: cached.count + needed)
                {
                    for other in passed { other.timesPassed += 1 }
                    admit(prompt, cached, needed)
                    if prompt.cachedCount == nil { countPrefix(of: prompt, &plan) }
                    plan.append(prompt, limits)
                } else {
                    closed.insert(queue)
                    passed.append(prompt)
                }
            } else {
                underWay.removeAll { $0 === prompt }
                plan.append(prompt, limits)
            }
            planned[queue, default: 0] += Double(plan.tokenCount - before) / Double(prompt.queue.weight)
        }
    }

    /// The prompt that gets rows next: one under way, the first of its account, or the one that gets the next place.
    private func nextPrompt(
        _ underWay: ArraySlice<RunningSequence>,
        _ head: RunningSequence?,
        _ planned: [ObjectIdentifier: Double]
    ) -> RunningSequence? {
        guard queues.count > 1 else { return underWay.first ?? head }
        func served(_ sequence: RunningSequence) -> Double {
            self.served(sequence.queue) + planned[ObjectIdentifier(sequence.queue), default: 0]
        }
        // `min` takes the first among equals: those under way are in order.
        let first = underWay.min { one, other in
            one.priority != other.priority ? one.priority > other.priority : served(one) < served(other)
        }
        guard let first, let head, !underWay.contains(where: { $0.queue === head.queue }) else { return first ?? head }
        if head.priority != first.priority { return head.priority > first.priority ? head : first }
        return served(head) <= served(first) ? head : first
    }

    /// Gives a waiting sequence its place and its blocks.
    private mutating func admit(_ sequence: RunningSequence, _ cached: [Int32], _ needed: Int) {
        sequence.queue.removeHead()
        sequence.queue.served = served(sequence.queue)
        sequence.queue.promptsUnderWay += 1
        pool.share(cached, with: &sequence.table)
        let allocated = pool.allocate(needed, to: &sequence.table)
        precondition(allocated, "the free blocks were counted")
        sequence.queue.places += 1
        sequence.queue.blocks += sequence.table.count
        sequence.isReserved = reserves(sequence)
        sequence.computedCount = cached.count * limits.blockSize
        sequence.countWhenPlaced = sequence.generatedCount
        sequence.timesPassed = 0
        var hash = BlockHash.root(salt: sequence.cacheSalt)
        for block in cached.indices {
            hash = hash.next(sequence.tokens[block * limits.blockSize..<(block + 1) * limits.blockSize])
            sequence.hashes.append(hash)
        }
        running.insertInOrder(sequence)
    }

    /// Counts what a sequence that begins finds in the cache.
    private mutating func countPrefix(of sequence: RunningSequence, _ plan: inout StepPlan) {
        // The beginning of an answer that goes on here is no part of the prompt.
        let hits = min(sequence.computedCount, sequence.promptCount)
        sequence.cachedCount = hits
        statistics.prefixQueriedTokens += sequence.promptCount
        statistics.prefixHitTokens += hits
        plan.admitted.append(sequence.id)
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
            sequence.queue.charge(count)
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
