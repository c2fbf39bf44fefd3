/// Pairs of automata: what both accept, or only the first.
extension Automaton {
    /// The strings of this automaton with `least` to `most` characters; nil when there are none.
    ///
    /// Costs up to `most` times the automaton's states.
    func strings(
        _ length: ClosedRange<Int>,
        at path: SchemaPath,
        _ budget: inout CompileBudget
    ) throws(GrammarError) -> Automaton? {
        let cap = length.upperBound == .max ? length.lowerBound : length.upperBound
        return try product(
            at: path,
            &budget,
            first: (Int32(Self.start), 0),
            step: { (pair, byte) -> (Int32, Int32)? in
                let edge = Automaton.string.edge(Int(pair.0), byte)
                guard edge != Self.dead else { return nil }
                guard edge & 1 == 1 else { return (edge >> 1, pair.1) }
                if Int(pair.1) == cap { return length.upperBound == .max ? (edge >> 1, pair.1) : nil }
                return (edge >> 1, pair.1 + 1)
            },
            accepts: { Automaton.string.accepts(Int($0.0)) && Int($0.1) >= length.lowerBound },
            bytes: representatives + Automaton.string.representatives
        )
    }

    /// What this automaton accepts, without some texts.
    func excluding(
        _ texts: [String],
        at path: SchemaPath,
        _ budget: inout CompileBudget
    ) throws(GrammarError) -> Automaton? {
        let words = try Automaton.words(texts, at: path, &budget)
        return try product(
            at: path,
            &budget,
            first: (Int32(Self.start), 0),
            step: { (pair, byte) -> (Int32, Int32)? in
                guard pair.0 >= 0 else { return pair }
                let edge = words.edge(Int(pair.0), byte)
                return (edge == Self.dead ? -1 : edge >> 1, 0)
            },
            accepts: { $0.0 < 0 || !words.accepts(Int($0.0)) },
            bytes: representatives + words.representatives
        )
    }

    /// What both automata accept; or, when the other is negative, what this one alone accepts.
    func intersection(
        _ other: Automaton,
        isNegative: Bool,
        at path: SchemaPath,
        _ budget: inout CompileBudget
    ) throws(GrammarError) -> Automaton? {
        try product(
            at: path,
            &budget,
            first: (Int32(Self.start), 0),
            step: { (pair, byte) -> (Int32, Int32)? in
                guard pair.0 >= 0 else { return pair }
                let edge = other.edge(Int(pair.0), byte)
                guard edge == Self.dead else { return (edge >> 1, 0) }
                return isNegative ? (-1, 0) : nil
            },
            accepts: { isNegative ? $0.0 < 0 || !other.accepts(Int($0.0)) : other.accepts(Int($0.0)) },
            bytes: representatives + other.representatives
        )
    }

    /// The numbers of this automaton that are whole multiples of a step, written without an exponent.
    func multiples(
        of step: DecimalStep,
        at path: SchemaPath,
        _ budget: inout CompileBudget
    ) throws(GrammarError) -> Automaton? {
        let powers = (0...step.digits).map { digits in (0..<digits).reduce(1) { power, _ in power * 10 } }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        // The remainder of the digits so far, and how many of them are behind the point; -1 before it.
        return try product(
            at: path,
            &budget,
            first: (0, -1),
            step: { (pair, byte) -> (Int32, Int32)? in
                switch byte {
                case digits:
                    guard pair.1 < step.digits else { return nil }
                    let remainder = (Int(pair.0) * 10 + Int(byte - digits.lowerBound)) % step.count
                    return (Int32(remainder), pair.1 < 0 ? -1 : pair.1 + 1)
                case UInt8(ascii: "."): return (pair.0, 0)
                case UInt8(ascii: "e"), UInt8(ascii: "E"): return nil
                default: return pair
                }
            },
            accepts: { Int($0.0) * powers[step.digits - Int(max(0, $0.1))] % step.count == 0 },
            bytes: representatives + Array(digits) + [digits.upperBound + 1]
        )
    }

    /// This automaton beside another machine, whose states are pairs of numbers; edges do not count any more.
    ///
    /// `bytes` has one byte for each class of both.
    private func product(
        at path: SchemaPath,
        _ budget: inout CompileBudget,
        first: (Int32, Int32),
        step: ((Int32, Int32), UInt8) -> (Int32, Int32)?,
        accepts: ((Int32, Int32)) -> Bool,
        bytes: [UInt8]
    ) throws(GrammarError) -> Automaton? {
        // A byte behaves like the greatest of `bytes` that is not above it: classes are runs of bytes.
        let bounds = Set(bytes).sorted()
        var places: [SIMD4<Int32>: Int] = [:]
        var builder = AutomatonBuilder()
        var waiting: [(Int, (Int32, Int32))] = []
        func place(_ state: Int, _ other: (Int32, Int32)) -> Int {
            let key = SIMD4(Int32(state), other.0, other.1, 0)
            if let place = places[key] { return place }
            let place = builder.state(accepting: self.accepts(state) && accepts(other))
            places[key] = place
            waiting.append((state, other))
            return place
        }
        _ = place(Self.start, first)
        var done = 0
        while done < waiting.count {
            let (state, other) = waiting[done]
            try budget.spend(CompileBudget.state + bounds.count * 10, at: path)
            try budget.take(AutomatonBuilder.stateSize + 160 + bounds.count * AutomatonBuilder.edgeSize, at: path)
            for (index, byte) in bounds.enumerated() {
                let edge = edge(state, byte)
                guard edge != Self.dead, let next = step(other, byte) else { continue }
                let last = index + 1 < bounds.count ? bounds[index + 1] - 1 : 255
                let target = place(Int(edge >> 1), next)
                builder.edge(done, byte...last, target)
            }
            done += 1
        }
        return try builder.trimmed()?.automaton(at: path, &budget)
    }
}
