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
/// 4. Tokens depend on a sequence's own tokens alone, so chunks, batches and preemption do not change them.
package struct Scheduler: ~Copyable {
    package let limits: SchedulingLimits
    package private(set) var statistics = SchedulerStatistics()
    private var pool: KVBlockPool
    /// Each precedes the next.
    private var running: [RunningSequence] = []
    /// Each precedes the one before, so that the head of the queue is the last element.
    private var waiting: [RunningSequence] = []
    private var arrivals: UInt64 = 0
    private var inFlight = false

    package init(_ limits: SchedulingLimits) {
        precondition(limits.maxSequences > 0 && limits.maxSequences <= limits.tokenBudget)
        precondition(limits.blockCount > 0 && limits.blockSize > 0)
        precondition(limits.maxSequenceLength <= limits.blockCount * limits.blockSize)
        self.limits = limits
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
        guard count < limits.contextLength else {
            throw EngineError(
                .promptTooLong,
                "the prompt has \(count) tokens, which leaves no room for an answer in the model's context of \(limits.contextLength): shorten it"
            )
        }
        guard count < limits.maxSequenceLength else {
            throw EngineError(
                .promptTooLong,
                "the prompt has \(count) tokens, but the key/value cache holds sequences of at most \(limits.maxSequenceLength): shorten it or give the cache more blocks"
            )
        }
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
    package mutating func schedule() -> ScheduledBatch? {
        precondition(!inFlight, "the last batch has not been completed")
        var batch = ScheduledBatch()
        let preempted = scheduleDecodes(&batch)
        for sequence in running where sequence.remainingCount > 1 {
            append(sequence, to: &batch)
        }
        // What has just lost its blocks must not take them back at once.
        if !preempted { admit(to: &batch) }
        guard !batch.entries.isEmpty else { return nil }
        batch.inputs.finish()
        inFlight = true
        statistics.steps += 1
        statistics.computedTokens += batch.tokenCount
        return batch
    }

    /// Takes the drawn tokens, one for each of the batch's `sampledIDs`; nil drops that sequence.
    ///
    /// Entries that were cancelled meanwhile are passed over.
    package mutating func complete(_ batch: ScheduledBatch, tokens: [Int?]) -> [SequenceUpdate] {
        precondition(inFlight && tokens.count == batch.inputs.outputRows.count, "one token for each sampled entry")
        inFlight = false
        var updates: [SequenceUpdate] = []
        var row = 0
        for entry in batch.entries {
            defer { if entry.isSampled { row += 1 } }
            guard let index = running.firstIndex(where: { $0.id == entry.id && $0.arrival == entry.arrival }) else {
                continue
            }
            let sequence = running[index]
            sequence.computedCount = entry.contextLength
            rememberBlocks(of: sequence)
            guard entry.isSampled else { continue }
            var update = SequenceUpdate(id: entry.id, token: tokens[row], isStop: false, end: nil)
            if let token = tokens[row] {
                sequence.append(token)
                update.isStop = sequence.stopTokenIDs.contains(token)
                if update.isStop || sequence.tokens.count >= sequence.maxLength {
                    update.end = end(running.remove(at: index), update.isStop ? .stop : .length)
                }
            } else {
                _ = end(running.remove(at: index), .cancelled)
            }
            updates.append(update)
        }
        return updates
    }

    /// Gives up the batch that was scheduled last, as if it had not been.
    ///
    /// Sequences in it stay as they were; cancel those that must not go on.
    package mutating func abandonBatch() {
        inFlight = false
    }

    // MARK: Steps of `schedule`

    /// One token for each decoding sequence; true when a sequence was preempted.
    private mutating func scheduleDecodes(_ batch: inout ScheduledBatch) -> Bool {
        var preempted = false
        var index = 0
        decoding: while index < running.count {
            let sequence = running[index]
            guard sequence.remainingCount == 1 else {
                index += 1
                continue
            }
            while sequence.table.count * limits.blockSize < sequence.tokens.count {
                if pool.allocate(1, to: &sequence.table) { continue }
                preempted = true
                // A reserved sequence holds all it needs, so this one is not reserved and a victim exists.
                let victim = running.lastIndex { !$0.isReserved } ?? index
                preempt(at: victim)
                if victim == index { continue decoding }
            }
            append(sequence, to: &batch)
            index += 1
        }
        return preempted
    }

    private mutating func preempt(at index: Int) {
        let sequence = running.remove(at: index)
        pool.release(sequence.takeTable())
        sequence.computedCount = 0
        sequence.hashes = []
        sequence.preemptions += 1
        statistics.preemptions += 1
        enqueue(sequence)
    }

    private mutating func admit(to batch: inout ScheduledBatch) {
        while batch.tokenCount < limits.tokenBudget, running.count < limits.maxSequences, let sequence = waiting.last {
            let reserves = sequence.preemptions >= limits.maxPreemptions
            let cached = pool.cachedBlocks(sequence.tokens, salt: sequence.cacheSalt)
            let needed = limits.blocks(for: reserves ? sequence.maxLength : sequence.tokens.count) - cached.count
            guard needed + pool.freeCount(among: cached) + running.count <= pool.freeCount else { return }
            waiting.removeLast()
            pool.share(cached, with: &sequence.table)
            let allocated = pool.allocate(needed, to: &sequence.table)
            precondition(allocated, "the free blocks were counted")
            sequence.isReserved = reserves
            sequence.computedCount = cached.count * limits.blockSize
            var hash = BlockHash.root(salt: sequence.cacheSalt)
            for block in cached.indices {
                hash = hash.next(sequence.tokens[block * limits.blockSize..<(block + 1) * limits.blockSize])
                sequence.hashes.append(hash)
            }
            if sequence.cachedCount == nil {
                sequence.cachedCount = sequence.computedCount
                statistics.prefixQueriedTokens += sequence.promptCount
                statistics.prefixHitTokens += sequence.computedCount
                batch.admitted.append(sequence.id)
            }
            running.insertInOrder(sequence)
            append(sequence, to: &batch)
        }
    }

    /// As many of the sequence's tokens as the budget allows.
    private func append(_ sequence: RunningSequence, to batch: inout ScheduledBatch) {
        let count = min(sequence.remainingCount, limits.tokenBudget - batch.tokenCount)
        guard count > 0 else { return }
        let range = sequence.computedCount..<sequence.computedCount + count
        let isSampled = range.upperBound == sequence.tokens.count
        batch.inputs.append(
            tokens: sequence.tokens,
            range,
            blocks: sequence.table.blocks,
            blockSize: limits.blockSize,
            isSampled: isSampled
        )
        batch.entries.append(
            ScheduledBatch.Entry(
                id: sequence.id,
                arrival: sequence.arrival,
                tokenCount: count,
                contextLength: range.upperBound,
                isSampled: isSampled
            )
        )
    }

    // MARK: Bookkeeping

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
            preemptions: sequence.preemptions
        )
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
}
