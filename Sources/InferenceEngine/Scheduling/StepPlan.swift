/// A step while the scheduler puts it together.
struct StepPlan {
    struct Part {
        let sequence: RunningSequence
        /// How many of the sequence's tokens are computed.
        let count: Int
        /// What is computed behind them.
        fileprivate(set) var draft = Draft.none

        var isSampled: Bool { count == sequence.remainingCount }
        /// Whether there is only one token to compute, the last.
        var isDecode: Bool { sequence.remainingCount == 1 }
        var range: Range<Int> { sequence.computedCount..<sequence.computedCount + count }
    }

    private(set) var parts: [Part] = []
    private(set) var tokenCount = 0
    /// The part of `tokenCount` that is of background sequences, and the part of that which is of their prompts.
    private(set) var backgroundCount = 0
    private(set) var backgroundPromptCount = 0
    /// Whether background sequences have no part in this step: another's prompt is waiting.
    let leavesOutBackground: Bool
    /// Whose step this is; nil for everybody's.
    private let onlyQueues: Set<ObjectIdentifier>?
    /// Rows whose logits are wanted.
    private(set) var outputCount = 0
    /// Requests that take part in a step for the first time.
    var admitted: [UInt64] = []

    init(leavesOutBackground: Bool, onlyQueues: Set<ObjectIdentifier>? = nil) {
        self.leavesOutBackground = leavesOutBackground
        self.onlyQueues = onlyQueues
    }

    /// Whether sequences of an account may have a part in the step.
    func includes(_ queue: AccountQueue) -> Bool { onlyQueues?.contains(ObjectIdentifier(queue)) ?? true }

    /// How many more tokens the step may have if they are of this sequence.
    ///
    /// Beside others, background sequences get as many as those: an answer of another's then takes little longer.
    func room(for sequence: RunningSequence, _ limits: SchedulingLimits) -> Int {
        guard includes(sequence.queue) else { return 0 }
        let free = limits.tokenBudget - tokenCount
        guard sequence.isBackground else { return free }
        if leavesOutBackground { return 0 }
        let others = tokenCount - backgroundCount
        if others > 0 { return min(free, others - backgroundCount) }
        return sequence.remainingCount == 1 ? free : min(free, limits.backgroundTokens - backgroundPromptCount)
    }

    /// Adds as many of the sequence's tokens as there is room for.
    mutating func append(_ sequence: RunningSequence, _ limits: SchedulingLimits) {
        let count = min(sequence.computableCount, room(for: sequence, limits))
        guard count > 0 else { return }
        if sequence.isBackground {
            backgroundCount += count
            if sequence.remainingCount > 1 { backgroundPromptCount += count }
        }
        let part = Part(sequence: sequence, count: count)
        parts.append(part)
        tokenCount += count
        if part.isSampled { outputCount += 1 }
    }

    /// Takes the part of a sequence out again that decodes.
    mutating func remove(_ sequence: RunningSequence) {
        guard let index = parts.firstIndex(where: { $0.sequence === sequence }) else { return }
        let part = parts.remove(at: index)
        tokenCount -= part.count
        outputCount -= 1
        if sequence.isBackground { backgroundCount -= part.count }
    }

    /// Adds a draft to a part that is sampled and has none.
    mutating func append(_ draft: Draft, toPart index: Int) {
        precondition(parts[index].isSampled && parts[index].draft.isEmpty)
        parts[index].draft = draft
        tokenCount += draft.tokens.count
        outputCount += draft.tokens.count
    }

    /// What the device gets, and what `complete` needs to know of it; the former is left out `withoutInputs`.
    func batch(blockSize: Int, withoutInputs: Bool) -> ScheduledBatch {
        var batch = ScheduledBatch()
        batch.admitted = admitted
        batch.tokenCount = tokenCount
        for part in parts {
            if !withoutInputs {
                batch.inputs.append(
                    tokens: part.sequence.tokens[part.range],
                    draft: part.draft.tokens,
                    blocks: part.sequence.table.blocks,
                    blockSize: blockSize,
                    isSampled: part.isSampled
                )
            }
            batch.entries.append(
                ScheduledBatch.Entry(
                    id: part.sequence.id,
                    arrival: part.sequence.arrival,
                    tokenCount: part.count + part.draft.tokens.count,
                    contextLength: part.range.upperBound + part.draft.tokens.count,
                    isSampled: part.isSampled,
                    draft: part.draft
                )
            )
        }
        if !withoutInputs { batch.inputs.finish() }
        batch.isDecodeOnly = parts.allSatisfy(\.isDecode)
        return batch
    }
}
