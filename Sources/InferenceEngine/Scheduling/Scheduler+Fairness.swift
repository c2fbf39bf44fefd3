/// What accounts get of the engine.
///
/// Places and blocks go to the account that holds least for its weight, and rows of a step to the one that has had
/// least. An account that has no work leaves its share to the others, and gets no more later for it.
extension Scheduler {
    /// The queue of a request's account.
    mutating func queue(of account: Account, isBackground: Bool) -> AccountQueue {
        if let known = queues.first(where: { $0.isBackground == isBackground && $0.name == account.name }) {
            known.weight = account.weight
            return known
        }
        let queue = AccountQueue(account, isBackground: isBackground)
        queues.append(queue)
        return queue
    }

    /// Takes stock at the beginning of a step: what accounts hold, how far the least served one has come, and who has gone.
    mutating func countHoldings() {
        for queue in queues { (queue.places, queue.blocks, queue.promptsUnderWay) = (0, 0, 0) }
        for sequence in running {
            sequence.queue.places += 1
            sequence.queue.blocks += sequence.table.count
            if sequence.remainingCount > 1 { sequence.queue.promptsUnderWay += 1 }
        }
        guard queues.count > 1 else {
            // What one alone has had is compared with nothing.
            queues.first?.served = 0
            (ordinaryTime, backgroundTime) = (0, 0)
            return
        }
        ordinaryTime = time(ordinaryTime, isBackground: false)
        backgroundTime = time(backgroundTime, isBackground: true)
        // One that has had more than the others is remembered until they have caught up.
        queues = queues.filter { $0.places > 0 || !$0.waiting.isEmpty || $0.served > time(of: $0) }
    }

    /// What the least served account with prompts under way has had; where none has any, the most of all.
    private func time(_ last: Double, isBackground: Bool) -> Double {
        let queues = queues.filter { $0.isBackground == isBackground }
        let least = queues.filter { $0.promptsUnderWay > 0 }.map(\.served).min()
        return max(last, least ?? queues.map(\.served).max() ?? last)
    }

    private func time(of queue: AccountQueue) -> Double { queue.isBackground ? backgroundTime : ordinaryTime }

    /// What an account has had, for the order of prompts.
    ///
    /// One without a prompt under way joins those that have some: what it had no use for is not saved up, and what it had
    /// while nobody else could use it is not counted against it.
    func served(_ queue: AccountQueue) -> Double {
        queue.promptsUnderWay > 0 ? queue.served : max(queue.served, time(of: queue))
    }

    func charge(_ plan: StepPlan) {
        for part in plan.parts {
            part.sequence.queue.charge(part.count + part.draft.tokens.count)
            part.sequence.lastStep = statistics.steps
        }
    }

    // MARK: Places and blocks

    /// The waiting sequence that gets the next place, of those whose queue is not in `closed`: of the highest priority, of
    /// the account that holds least.
    func nextHead(closed: Set<ObjectIdentifier> = []) -> RunningSequence? {
        guard queues.count > 1 else { return closed.isEmpty ? queues.first?.head : nil }
        let limits = limits
        return queues.lazy.filter { !closed.contains(ObjectIdentifier($0)) }.compactMap(\.head).min { one, other in
            if one.priority != other.priority { return one.priority > other.priority }
            let (share, otherShare) = (one.queue.share(limits), other.queue.share(limits))
            if share != otherShare { return share < otherShare }
            if one.queue.served != other.queue.served { return one.queue.served < other.queue.served }
            return one.arrival < other.arrival
        }
    }

    /// Takes places and blocks from background sequences for as long as another one lacks them, and then from accounts
    /// that hold more than their share for the one that holds least.
    mutating func makeWay() {
        while let head = nextHead(), !head.isBackground, let last = running.last, last.isBackground, place(head) == nil
        {
            preempt(at: running.count - 1, isCounted: false)
        }
        guard queues.count > 1 else { return }
        while let head = nextHead(), place(head) == nil, let victims = victims(for: head) {
            for victim in victims {
                guard let index = running.firstIndex(where: { $0 === victim }) else { continue }
                preempt(at: index, isCounted: false)
            }
        }
    }

    /// The sequences of other accounts that make room for a waiting one; nil when it has to wait.
    ///
    /// They are taken from the account that holds most, which must not hold less than the other one afterwards. An
    /// account that has no place at all takes turns with those that have.
    private func victims(for head: RunningSequence) -> [RunningSequence]? {
        let (queue, limits) = (head.queue, limits)
        let wanted = limits.blocks(for: reserves(head) ? head.maxLength : head.tokens.count)
        let own = queue.share(places: queue.places + 1, blocks: queue.blocks + wanted, limits)
        var missing = self.missing(for: head)
        var left = running.filter {
            $0.queue !== queue && $0.isBackground == head.isBackground && $0.priority <= head.priority
        }
        var held: [ObjectIdentifier: (places: Int, blocks: Int)] = [:]
        var victims: [RunningSequence] = []
        while missing.places > 0 || missing.blocks > 0 {
            func share(_ sequence: RunningSequence, without lost: RunningSequence? = nil) -> Double {
                let queue = sequence.queue
                var (places, blocks) = held[ObjectIdentifier(queue)] ?? (queue.places, queue.blocks)
                if let lost { (places, blocks) = (places - 1, blocks - lost.table.count) }
                return queue.share(places: places, blocks: blocks, limits)
            }
            // The last in order among those of the account that holds most.
            let found = left.indices.max { (share(left[$0]), $0) < (share(left[$1]), $1) }
            guard let found else { return nil }
            let victim = left.remove(at: found)
            let isOver = share(victim, without: victim) >= own
            let hadItsTurn =
                victim.queue.served >= queue.served
                && victim.generatedCount - victim.countWhenPlaced >= limits.turnTokens
            guard isOver || (queue.places == 0 && hadItsTurn) else { return nil }
            let before = held[ObjectIdentifier(victim.queue)] ?? (victim.queue.places, victim.queue.blocks)
            held[ObjectIdentifier(victim.queue)] = (before.places - 1, before.blocks - victim.table.count)
            victims.append(victim)
            missing.places -= 1
            // Its place needs no block to grow into either.
            missing.blocks -= victim.table.count + 1
        }
        return victims.isEmpty ? nil : victims
    }

    /// Whether a waiting sequence may begin before those in `passed`, for which there is no room: within its account's
    /// share, and not for ever.
    func mayPass(_ passed: [RunningSequence], _ sequence: RunningSequence, needed: Int) -> Bool {
        guard !passed.isEmpty else { return true }
        let queue = sequence.queue
        let weights = queues.reduce(0) { $0 + ($1.isBackground == queue.isBackground ? $1.weight : 0) }
        let places = max(1, limits.maxSequences * queue.weight / weights)
        let blocks = limits.blockCount * queue.weight / weights
        return queue.places < places && queue.blocks + needed <= blocks
            && passed.allSatisfy { $0.timesPassed < limits.mostPasses }
    }

    /// Which sequence loses its blocks so that another one can grow: of the lowest priority, of the account that holds
    /// most, the last.
    func victim(forGrowthOf sequence: RunningSequence) -> Int? {
        func canLose(_ other: RunningSequence) -> Bool {
            !other.isReserved || (other.isBackground && !sequence.isBackground)
        }
        let last = running.lastIndex(where: canLose)
        guard let last, queues.count > 1 else { return last }
        let limits = limits
        let priority = running[last].priority
        return running.indices.filter { running[$0].priority == priority && canLose(running[$0]) }
            .max { (running[$0].queue.share(limits), $0) < (running[$1].queue.share(limits), $1) }
    }

    // MARK: The background

    /// Makes one sequence of an account ordinary that has nothing but background ones, when others have left it without
    /// a row for too long.
    ///
    /// So who floods the engine holds up the background of the others, and does not stop it.
    mutating func promoteStarved() {
        guard queues.count > 1, queues.contains(where: { !$0.isBackground && ($0.places > 0 || $0.head != nil) }) else {
            return
        }
        var promotes = false
        for queue in queues where queue.isBackground {
            let hasOrdinary = queues.contains {
                !$0.isBackground && $0.name == queue.name && ($0.places > 0 || $0.head != nil)
            }
            let index = running.firstIndex { $0.queue === queue }
            guard !hasOrdinary, let sequence = index.map({ running[$0] }) ?? queue.head,
                statistics.steps - sequence.lastStep >= limits.backgroundPatience
            else { continue }
            promotes = true
            if let index {
                running.remove(at: index)
            } else {
                queue.removeHead()
            }
            let account = Account(queue.name, weight: queue.weight)
            sequence.makeOrdinary(in: self.queue(of: account, isBackground: false))
            if index == nil {
                sequence.queue.enqueue(sequence)
            } else {
                running.insertInOrder(sequence)
            }
        }
        if promotes { countHoldings() }
    }
}
