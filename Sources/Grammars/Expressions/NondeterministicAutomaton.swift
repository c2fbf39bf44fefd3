/// States with edges of which several may be taken, and its determinization.
struct NondeterministicAutomaton {
    private var edges: [[(bytes: ClosedRange<UInt8>, target: Int)]] = []
    /// About the bytes that a state with its edges takes.
    private static let stateSize = 160

    /// States that are entered together with this one.
    private var silent: [[Int]] = []
    /// Whether characters stand in a JSON string.
    private let inString: Bool

    init(inString: Bool) {
        self.inString = inString
    }

    mutating func state() -> Int {
        edges.append([])
        silent.append([])
        return edges.count - 1
    }

    mutating func edge(_ from: Int, _ bytes: ClosedRange<UInt8>, _ to: Int) {
        edges[from].append((bytes, to))
    }

    /// Lets `to` be reached from `from` by what an expression matches (Thompson, 1968).
    mutating func add(
        _ expression: RegularExpression,
        _ from: Int,
        _ to: Int,
        at path: SchemaPath,
        _ budget: inout CompileBudget
    ) throws(GrammarError) {
        try budget.spend(CompileBudget.edge, at: path)
        try budget.take(Self.stateSize, at: path)
        switch expression {
        case .empty: silent[from].append(to)
        case .characters(let ranges):
            try budget.spend(ranges.count * CompileBudget.edge / 8, at: path)
            for sequence in ByteSequences.of(ranges, inString: inString) {
                try budget.spend(sequence.count * CompileBudget.edge, at: path)
                try budget.take(sequence.count * Self.stateSize, at: path)
                var state = from
                for bytes in sequence.dropLast() {
                    let next = self.state()
                    edge(state, bytes, next)
                    state = next
                }
                if let last = sequence.last { edge(state, last, to) }
            }
        case .sequence(let parts):
            var state = from
            for part in parts {
                let next = self.state()
                try add(part, state, next, at: path, &budget)
                state = next
            }
            silent[state].append(to)
        case .alternatives(let parts):
            for part in parts { try add(part, from, to, at: path, &budget) }
        case .repetition(let part, let least, let most):
            var state = self.state()
            silent[from].append(state)
            for _ in 0..<least {
                let next = self.state()
                try add(part, state, next, at: path, &budget)
                state = next
            }
            silent[state].append(to)
            if let most {
                for _ in least..<Swift.max(least, most) {
                    let next = self.state()
                    try add(part, state, next, at: path, &budget)
                    silent[next].append(to)
                    state = next
                }
            } else {
                let next = self.state()
                try add(part, state, next, at: path, &budget)
                silent[next].append(state)
            }
        }
    }

    /// The same language with one edge for each byte; nil when it is empty.
    ///
    /// Throws `.tooLarge` when there would be very many states.
    func determinized(
        start: Int,
        end: Int,
        at path: SchemaPath,
        _ budget: inout CompileBudget
    ) throws(GrammarError) -> Automaton? {
        var builder = AutomatonBuilder()
        var places: [[Int]: Int] = [:]
        var sets: [[Int]] = []
        var isIn = [Bool](repeating: false, count: edges.count)
        func place(_ states: [Int], _ budget: inout CompileBudget) throws(GrammarError) -> Int {
            var set: [Int] = []
            var waiting = states
            while let state = waiting.popLast() {
                guard !isIn[state] else { continue }
                isIn[state] = true
                set.append(state)
                waiting += silent[state]
            }
            for state in set { isIn[state] = false }
            try budget.spend((set.count + states.count + 1) * 10, at: path)
            // What has no edges and is not the end makes no difference.
            set = set.filter { !edges[$0].isEmpty || $0 == end }.sorted()
            if let place = places[set] { return place }
            try budget.spend(CompileBudget.state, at: path)
            try budget.take(AutomatonBuilder.stateSize + 120 + set.count * 8, at: path)
            let place = builder.state(accepting: set.contains(end))
            places[set] = place
            sets.append(set)
            return place
        }
        _ = try place([start], &budget)
        var done = 0
        while done < sets.count {
            let outgoing = sets[done].flatMap { edges[$0] }
            let bounds = Set(outgoing.flatMap { [Int($0.bytes.lowerBound), Int($0.bytes.upperBound) + 1] }).sorted()
            try budget.spend(bounds.count * outgoing.count * 2, at: path)
            for (low, next) in zip(bounds, bounds.dropFirst()) {
                let bytes = UInt8(low)...UInt8(next - 1)
                let targets = outgoing.filter { $0.bytes.contains(bytes.lowerBound) }.map(\.target)
                guard !targets.isEmpty else { continue }
                try budget.take(AutomatonBuilder.edgeSize, at: path)
                builder.edge(done, bytes, try place(targets, &budget))
            }
            done += 1
        }
        return try builder.trimmed()?.automaton(at: path, &budget)
    }
}
