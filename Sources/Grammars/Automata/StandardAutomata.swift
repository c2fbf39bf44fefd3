/// The words that every grammar shares, so that masks of theirs are computed once for each tokenizer.
extension Automaton {
    /// A string in its quotes, in which the edges that begin a character count.
    ///
    /// Half surrogate pairs are no characters and cannot be written.
    static let string = stringAutomaton(escapes: true)

    /// A string in its quotes in which nothing is escaped: keys whose text must not be another key's.
    static let plainString = stringAutomaton(escapes: false)

    /// One blank, or a line break and some blanks, which count: enough for the usual layouts, and it ends.
    static let whitespace: Automaton = {
        var builder = AutomatonBuilder()
        let (start, blank) = (builder.state(accepting: true), builder.state(accepting: true))
        let (carriageReturn, line) = (builder.state(), builder.state(accepting: true))
        builder.edges(start, " \t", blank)
        builder.edges(start, "\n", line)
        builder.edges(start, "\r", carriageReturn)
        builder.edges(carriageReturn, "\n", line)
        builder.edges(line, " \t", line, counts: true)
        return builder.automaton()
    }()

    /// The most blanks of `whitespace` behind a line break.
    static let mostBlanks = 32

    /// What may stand before an answer: line breaks and blanks, which count.
    static let leadingSpace: Automaton = {
        var builder = AutomatonBuilder()
        let start = builder.state(accepting: true)
        builder.edges(start, " \n", start, counts: true)
        return builder.automaton()
    }()

    /// Line breaks, which count.
    static let lineBreaks: Automaton = {
        var builder = AutomatonBuilder()
        let start = builder.state(accepting: true)
        builder.edges(start, "\n", start, counts: true)
        return builder.automaton()
    }()

    /// One of some texts.
    static func words(_ words: [String]) -> Automaton { builder(of: words).automaton() }

    /// The same, within a budget.
    static func words(
        _ words: [String],
        at path: SchemaPath,
        _ budget: inout CompileBudget
    ) throws(GrammarError) -> Automaton {
        let count = words.reduce(0) { $0 + $1.utf8.count }
        try budget.spend(count * CompileBudget.state / 4, at: path)
        let size = (count + 1) * (AutomatonBuilder.stateSize + AutomatonBuilder.edgeSize)
        try budget.take(size, at: path)
        defer { budget.giveBack(size) }
        return try builder(of: words).automaton(at: path, &budget)
    }

    private static func builder(of words: [String]) -> AutomatonBuilder {
        var builder = AutomatonBuilder()
        _ = builder.state()
        for word in words {
            var state = start
            for byte in word.utf8 {
                if let edge = builder.edges[state].first(where: { $0.bytes.contains(byte) }) {
                    state = edge.target
                } else {
                    let next = builder.state()
                    builder.edge(state, byte...byte, next)
                    state = next
                }
            }
            builder.accept(state)
        }
        return builder
    }

    /// Any text up to and with the first time that `mark` appears (Knuth, Morris and Pratt, 1977).
    package static func through(_ mark: String) -> Automaton {
        let mark = Array(mark.utf8)
        var builder = AutomatonBuilder()
        for _ in mark { _ = builder.state() }
        builder.accept(builder.state())
        for matched in mark.indices {
            for byte in UInt8.min...UInt8.max {
                let text = mark[..<matched] + [byte]
                let next = (0...text.count).reversed().first { mark.prefix($0) == text.suffix($0) }
                builder.edge(matched, byte...byte, next ?? 0)
            }
        }
        return builder.automaton()
    }

    private static func stringAutomaton(escapes: Bool) -> Automaton {
        var builder = AutomatonBuilder()
        let opening = builder.state()
        let inside = builder.state()
        let end = builder.state(accepting: true)
        let (one, two, three) = (builder.state(), builder.state(), builder.state())
        let (e0, ed, f0, f4) = (builder.state(), builder.state(), builder.state(), builder.state())
        builder.edges(opening, "\"", inside)
        builder.edges(inside, "\"", end)
        for range in [0x20...0x21, 0x23...0x5B, 0x5D...0x7F] as [ClosedRange<UInt8>] {
            builder.edge(inside, range, inside, counts: true)
        }
        for (range, target) in [
            (0xC2...0xDF, one), (0xE0...0xE0, e0), (0xE1...0xEC, two), (0xED...0xED, ed), (0xEE...0xEF, two),
            (0xF0...0xF0, f0), (0xF1...0xF3, three), (0xF4...0xF4, f4),
        ] as [(ClosedRange<UInt8>, Int)] {
            builder.edge(inside, range, target, counts: true)
        }
        for (state, range, target) in [
            (one, 0x80...0xBF, inside), (two, 0x80...0xBF, one), (three, 0x80...0xBF, two), (e0, 0xA0...0xBF, one),
            (ed, 0x80...0x9F, one), (f0, 0x90...0xBF, two), (f4, 0x80...0x8F, two),
        ] as [(Int, ClosedRange<UInt8>, Int)] {
            builder.edge(state, range, target)
        }
        if escapes { addEscapes(&builder, inside) }
        return builder.automaton()
    }

    private static func addEscapes(_ builder: inout AutomatonBuilder, _ inside: Int) {
        let digits = "0123456789"
        let hexadecimal = digits + "abcdefABCDEF"
        let escape = builder.state()
        let (four, three, two, one) = (builder.state(), builder.state(), builder.state(), builder.state())
        builder.edges(inside, "\\", escape, counts: true)
        builder.edges(escape, "\"\\/bfnrt", inside)
        builder.edges(escape, "u", four)
        builder.edges(four, digits + "abcefABCEF", three)
        builder.edges(three, hexadecimal, two)
        builder.edges(two, hexadecimal, one)
        builder.edges(one, hexadecimal, inside)
        // \uD800 to \uDBFF are followed by \uDC00 to \uDFFF, and both together are one character.
        let surrogate = builder.state()
        let (highTwo, highOne, backslash, letter) = (builder.state(), builder.state(), builder.state(), builder.state())
        let (low, lowThree) = (builder.state(), builder.state())
        builder.edges(four, "dD", surrogate)
        builder.edges(surrogate, "01234567", two)
        builder.edges(surrogate, "89abAB", highTwo)
        builder.edges(highTwo, hexadecimal, highOne)
        builder.edges(highOne, hexadecimal, backslash)
        builder.edges(backslash, "\\", letter)
        builder.edges(letter, "u", low)
        builder.edges(low, "dD", lowThree)
        builder.edges(lowThree, "cdefCDEF", two)
    }
}
