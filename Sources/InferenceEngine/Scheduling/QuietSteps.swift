/// Stretches of steps in which nothing is decided, taken at once: what a planner needs to go through a day in seconds.
extension Scheduler {
    /// How many of the next steps only draw one token for each running sequence; 0 when the next step must be scheduled.
    ///
    /// In such a step no sequence begins, ends, waits for blocks or loses them.
    /// Nothing may be added before those steps are over, guessing must be off, and nothing run in the background. O(running) and a logarithm.
    package var quietStepCount: Int {
        guard !isInFlight, limits.speculation == .off, let first = running.first else { return 0 }
        var steps = first.maxLength
        for sequence in running {
            guard sequence.remainingCount == 1, !sequence.isBackground else { return 0 }
            // The step that ends a sequence is scheduled.
            steps = min(steps, sequence.maxLength - sequence.tokens.count - 1)
        }
        guard steps > 0, !canAdmit else { return 0 }
        return largestCount(upTo: steps) { blocksToGrow(by: $0) <= freeBlockCount }
    }

    /// The running requests and the tokens of each, prompt and answer together, in the order of a batch.
    package var runningLengths: [(id: UInt64, tokens: Int)] {
        running.map { ($0.id, $0.tokens.count) }
    }

    /// Whether the head of the queue might begin in the next step.
    ///
    /// While nothing ends, blocks only become fewer, so a queue that has no room keeps having none; what others leave in the
    /// prefix cache is not foreseen.
    private var canAdmit: Bool {
        // Several accounts take turns, which is foreseen here by nobody.
        if queues.count > 1 { return hasWaiting }
        guard let head = queues.first?.head, running.count < limits.maxSequences, running.count < limits.tokenBudget
        else {
            return false
        }
        return limits.prefixCaching || place(head) != nil
    }

    /// Blocks that all running sequences together need for so many more steps.
    private func blocksToGrow(by steps: Int) -> Int {
        running.reduce(0) { sum, sequence in
            sum + max(0, limits.blocks(for: sequence.tokens.count + steps - 1) - sequence.table.count)
        }
    }

    /// The largest count that holds, where all below it hold too; 0 when 1 does not.
    private func largestCount(upTo limit: Int, _ holds: (Int) -> Bool) -> Int {
        if holds(limit) { return limit }
        var (low, high) = (0, limit)
        while high - low > 1 {
            let middle = (low + high) / 2
            if holds(middle) { low = middle } else { high = middle }
        }
        return low
    }

    /// Takes `count` quiet steps, not more than `quietStepCount`, in each of which every running sequence draws `token`.
    ///
    /// The scheduler is then as if each had been scheduled and completed. The token must end no sequence.
    package mutating func takeQuietSteps(_ count: Int, token: Int) {
        precondition(count <= quietStepCount, "something happens in these steps")
        precondition(!running.contains { $0.stopTokenIDs.contains(token) }, "the token would end a sequence")
        if count > 0 { takeSteps(count, token: token) }
    }
}
