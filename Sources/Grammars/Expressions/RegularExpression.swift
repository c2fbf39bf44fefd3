/// A regular expression over the characters of a string.
indirect enum RegularExpression: Sendable {
    case empty
    /// One character out of some ranges, which are sorted and do not touch.
    case characters([ClosedRange<UInt32>])
    case sequence([RegularExpression])
    case alternatives([RegularExpression])
    /// At least the first number of times, at most the second; nil is any number.
    case repetition(RegularExpression, Int, Int?)

    static let lastCharacter: UInt32 = 0x10FFFF
    static let anyText = RegularExpression.repetition(.characters([0...lastCharacter]), 0, nil)

    static func digit(_ range: ClosedRange<UInt8>) -> RegularExpression {
        .characters([0x30 + UInt32(range.lowerBound)...0x30 + UInt32(range.upperBound)])
    }

    /// The automaton of texts that match from beginning to end, as they are or as they stand in a JSON string.
    ///
    /// In a string, what JSON escapes is escaped in one way, and nothing else is. Nil when nothing matches.
    func automaton(
        inString: Bool,
        at path: SchemaPath,
        _ budget: inout CompileBudget
    ) throws(GrammarError) -> Automaton? {
        var states = NondeterministicAutomaton(inString: inString)
        var (from, to) = (states.state(), states.state())
        let (start, end) = (from, to)
        if inString {
            (from, to) = (states.state(), states.state())
            states.edge(start, 0x22...0x22, from)
            states.edge(to, 0x22...0x22, end)
        }
        let before = budget
        try states.add(self, from, to, at: path, &budget)
        let automaton = try states.determinized(start: start, end: end, at: path, &budget)
        // Only the automaton remains of what this took.
        budget.giveBack(max(0, budget.taken - before.taken - (automaton?.size ?? 0)))
        return automaton
    }
}

extension [ClosedRange<UInt32>] {
    /// Sorted, and merged where they touch.
    func normalized() -> Self {
        var result: Self = []
        for range in sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound <= last.upperBound &+ 1 {
                result[result.count - 1] = last.lowerBound...Swift.max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// All other characters.
    func inverted() -> Self {
        var result: Self = []
        var next: UInt32 = 0
        for range in normalized() {
            if range.lowerBound > next { result.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= RegularExpression.lastCharacter { result.append(next...RegularExpression.lastCharacter) }
        return result
    }
}
