/// Steps that accounts with few rows have to themselves.
///
/// Where rows cost time, each token of a short batch waits for the rows of whoever has more. An account is to wait no longer
/// than its share of the time says: one of two that have equal weights, twice the time that it would need alone. What a step
/// takes beyond that is made up for by steps of its own. Where reading the weights is what takes time, a step with all takes
/// hardly longer, and none is its own.
struct StepTurns {
    /// Who decodes beside others that have more rows.
    struct Lighter {
        let queues: Set<ObjectIdentifier>
        let rows: Int
        /// How many times longer than alone they may take, above 1.
        let times: Double
    }

    private var lighter: Lighter?
    private var isOwn = false
    /// Steps that are owed, and to whom.
    private var credit = 0.0
    private var owed: Set<ObjectIdentifier> = []

    /// More steps are never owed: what was measured of a step says little of those long after it.
    private static let most = 64.0

    /// Begins a step, and returns those who have it to themselves; nil when it is everybody's.
    mutating func begin(_ lighter: Lighter?) -> Lighter? {
        self.lighter = lighter
        isOwn = false
        // While the others are between two answers, what is owed stays.
        guard let lighter else { return nil }
        if lighter.queues != owed { (credit, owed) = (0, lighter.queues) }
        isOwn = credit >= 1
        return isOwn ? lighter : nil
    }

    /// Nothing could be computed for those whose step it was: it is everybody's.
    mutating func pass() { isOwn = false }

    /// Takes how long the step took; `own` gives what one takes that has so many rows, or nil where nothing is known.
    mutating func record(seconds: Double, own: (_ rows: Int) -> Double?) {
        guard let lighter else { return }
        guard !isOwn else {
            credit -= 1
            return
        }
        guard let own = own(lighter.rows) else {
            // One step tells.
            credit = 1
            return
        }
        let excess = max(0, seconds - lighter.times * own)
        credit = min(Self.most, credit + excess / ((lighter.times - 1) * own))
    }
}

extension Scheduler {
    /// Those ordinary accounts that decode and have fewer rows for their weight than another one; nil where all are alike.
    var lighter: StepTurns.Lighter? {
        guard queues.count > 1 else { return nil }
        var loads: [ObjectIdentifier: (weight: Double, decodes: Int, rows: Int)] = [:]
        for sequence in running where !sequence.isBackground && !sequence.isHeld {
            let queue = sequence.queue
            var load = loads[ObjectIdentifier(queue)] ?? (Double(queue.weight), 0, 0)
            if sequence.remainingCount == 1 { load.decodes += 1 }
            load.rows += min(sequence.remainingCount, limits.tokenBudget)
            loads[ObjectIdentifier(queue)] = load
        }
        guard loads.count > 1, let most = loads.values.map({ Double($0.rows) / $0.weight }).max() else { return nil }
        let light = loads.filter { $0.value.decodes > 0 && Double($0.value.rows) / $0.value.weight < most }
        guard !light.isEmpty else { return nil }
        let all = loads.values.reduce(0) { $0 + $1.weight }
        let theirs = light.values.reduce(0) { $0 + $1.weight }
        let largest = light.values.reduce(0) { max($0, $1.weight) }
        return StepTurns.Lighter(
            queues: Set(light.keys),
            rows: light.values.reduce(0) { $0 + $1.decodes },
            // Many who wait for one do not hold it up for longer than one would.
            times: max(all / theirs, min(2, all / largest))
        )
    }
}
