/// Reads the structure of an answer; what stands between its marks is read by `MathParser`.
struct MathAnswerReader {
    let tokens: [MathToken]
    var depth = 0
    /// Expressions that were tried; text that could be read in very many ways is not read.
    var attempts = 0

    /// Nil when the text is not understood; then it can only be compared with itself.
    static func answer(_ text: String) -> MathAnswer? {
        guard var tokens = MathToken.tokens(of: text) else { return nil }
        tokens = trimmed(tokens)
        guard !tokens.isEmpty else { return nil }
        var reader = MathAnswerReader(tokens: tokens)
        return reader.whole()
    }

    private init(tokens: [MathToken]) { self.tokens = tokens }

    /// Without spaces and full stops at the ends, and without what introduces the answer: `Final answer:`.
    static func trimmed(_ tokens: [MathToken]) -> [MathToken] {
        var rest = tokens[...]
        while let first = rest.first, first == .space { rest = rest.dropFirst() }
        while let last = rest.last, [.space, .symbol("."), .symbol(","), .symbol(";"), .rowBreak].contains(last) {
            rest = rest.dropLast()
        }
        let words = rest.prefix { token in
            switch token {
            case .word, .letters, .space: true
            default: false
            }
        }
        if !words.isEmpty, words.endIndex < rest.endIndex, rest[words.endIndex] == .symbol(":") {
            return trimmed(Array(rest[(words.endIndex + 1)...]))
        }
        if let verb = words.lastIndex(where: { $0 == .word("is") || $0 == .letters("is") }), verb + 1 < rest.endIndex {
            return trimmed(Array(rest[(verb + 1)...]))
        }
        // One pair of braces around everything: what is left of `\color{red}{25}` and of `\boxed{25}`.
        if rest.first == .symbol("{"), rest.last == .symbol("}"),
            closing(rest.startIndex, in: rest) == rest.index(before: rest.endIndex),
            !hasComma(rest.dropFirst().dropLast())
        {
            return trimmed(Array(rest.dropFirst().dropLast()))
        }
        return Array(rest)
    }

    static func hasComma(_ tokens: ArraySlice<MathToken>) -> Bool { tokens.contains(.symbol(",")) }

    /// The index of the bracket that closes the one at `start`.
    static func closing(_ start: Int, in tokens: ArraySlice<MathToken>) -> Int? {
        var depth = 0
        for index in start..<tokens.endIndex {
            if opens(tokens[index]) { depth += 1 }
            if closes(tokens[index]) { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }

    static func opens(_ token: MathToken) -> Bool {
        switch token {
        case .symbol("("), .symbol("["), .symbol("{"), .command("lbrace"), .command("langle"), .command("begin"): true
        default: false
        }
    }

    static func closes(_ token: MathToken) -> Bool {
        switch token {
        case .symbol(")"), .symbol("]"), .symbol("}"), .command("rbrace"), .command("rangle"), .command("end"): true
        default: false
        }
    }
}

extension MathAnswerReader {
    mutating func whole() -> MathAnswer? {
        let all = 0..<tokens.count
        if let word = word(all) { return word }
        if let choice = choice(all) { return choice }
        return items(all)
    }

    /// The ranges between separators that stand in no bracket.
    func split(_ range: Range<Int>, _ isSeparator: (Int) -> Int?) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var depth = 0
        var start = range.lowerBound
        var index = range.lowerBound
        while index < range.upperBound {
            if Self.opens(tokens[index]) { depth += 1 }
            if Self.closes(tokens[index]) { depth -= 1 }
            if depth == 0, let length = isSeparator(index) {
                parts.append(start..<index)
                index += length
                start = index
            } else {
                index += 1
            }
        }
        return parts + [start..<range.upperBound]
    }

    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high, tokens[low] == .space { low += 1 }
        while high > low, tokens[high - 1] == .space { high -= 1 }
        return low..<high
    }

    /// A list, or the one thing that it holds.
    mutating func items(_ range: Range<Int>) -> MathAnswer? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 12 else { return nil }
        let tokens = tokens
        let separated = split(range) { index in
            switch tokens[index] {
            case .symbol(","), .symbol(";"): 1
            case .word("and"), .word("or"), .letters("and"), .letters("or"), .command("or"), .command("and"),
                .word("AND"),
                .word("OR"):
                1
            default: nil
            }
        }
        let parts = separated.map(trimmed)
        // `1, 2, and 3` has an empty part between the comma and the word.
        let full = parts.enumerated().filter { offset, part in
            !part.isEmpty || offset == 0 || offset == parts.count - 1
                || tokens[part.lowerBound..<range.upperBound].first == .symbol(",")
        }.map(\.element)
        guard full.allSatisfy({ !$0.isEmpty }) else { return nil }
        if full.count == 1 { return item(full[0]) }
        guard full.count <= 200 else { return nil }
        var answers: [MathAnswer] = []
        for part in full {
            guard let answer = item(part) else { return nil }
            if case .list(let values) = answer { answers += values } else { answers.append(answer) }
        }
        if let both = commonInterval(answers) { return both }
        return .list(answers)
    }

    /// The union of intervals that `or` joins; `x > 0, x < 1` stays a list, since nobody says whether both must hold.
    func commonInterval(_ answers: [MathAnswer]) -> MathAnswer? {
        var names: Set<String> = []
        var intervals: [MathAnswer] = []
        for answer in answers {
            guard case .named(let name, .tuple(let open, let close, let ends)) = answer, ends.count == 2,
                Self.hasInfiniteEnd(ends)
            else { return nil }
            names.insert(name)
            intervals.append(.tuple(open: open, close: close, ends))
        }
        guard names.count == 1, let name = names.first, tokens.contains(where: Self.isOr) else { return nil }
        return .named(name, .union(intervals))
    }

    static func isOr(_ token: MathToken) -> Bool {
        [.word("or"), .letters("or"), .command("or"), .word("OR")].contains(token)
    }

    static func hasInfiniteEnd(_ ends: [MathAnswer]) -> Bool {
        ends.contains { end in
            guard case .value(let value, _) = end else { return false }
            return value == .constant(.infinity) || value == .negative(.constant(.infinity))
        }
    }
}
