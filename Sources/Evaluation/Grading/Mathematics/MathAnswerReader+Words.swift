// Names, words and choices.
extension MathAnswerReader {
    /// One letter with a subscript, or a function of one letter.
    func isName(_ range: Range<Int>) -> Bool {
        let range = trimmed(range)
        guard let first = range.first else { return false }
        switch tokens[first] {
        case .letter(let letter) where letter != "e" && letter != "i": break
        case .word, .letters: return range.allSatisfy { Self.isWordOrSpace(tokens[$0]) }
        case .command("angle"), .command("triangle"), .command("overline"), .command("vec"): return true
        default: return false
        }
        var index = first + 1
        if index < range.upperBound, tokens[index] == .symbol("_") {
            guard index + 1 < range.upperBound else { return false }
            if tokens[index + 1] == .symbol("{"), let close = Self.closing(index + 1, in: tokens[range]) {
                index = close + 1
            } else {
                index += 2
            }
        }
        while index < range.upperBound, tokens[index] == .symbol("'") { index += 1 }
        if index == range.upperBound { return true }
        // `f(x)`, `P(A)`; a product such as `x(y+1)` has more than names inside.
        guard tokens[index] == .symbol("("), Self.closing(index, in: tokens[range]) == range.upperBound - 1 else {
            return false
        }
        return tokens[index + 1..<range.upperBound - 1].allSatisfy { token in
            switch token {
            case .letter, .letters, .word, .number, .space, .symbol(","): true
            default: false
            }
        }
    }

    static func isWordOrSpace(_ token: MathToken) -> Bool {
        switch token {
        case .word, .letters, .space: true
        default: false
        }
    }

    func name(_ range: Range<Int>) -> String {
        tokens[trimmed(range)].compactMap(MathParser.text).joined()
    }

    /// A choice or a name, bare, in parentheses or in `\text`, in small letters.
    mutating func word(_ range: Range<Int>) -> MathAnswer? {
        var range = trimmed(range)
        if range.count > 2, tokens[range.lowerBound] == .symbol("("), tokens[range.upperBound - 1] == .symbol(")") {
            range = trimmed(range.dropFirst().dropLast())
        }
        var words: [String] = []
        for token in tokens[range] {
            switch token {
            case .word(let text), .letters(let text): words.append(text.lowercased())
            case .letter(let text) where !text.hasPrefix("\\") && range.count == 1: words.append(text.lowercased())
            case .space, .symbol("."), .symbol("-"), .symbol("'"): continue
            default: return nil
            }
        }
        guard !words.isEmpty, !words.contains("and"), !words.contains("or") else { return nil }
        if range.count == 1, case .letters(let run) = tokens[range.lowerBound],
            run == "pi" || run == "inf" || run == "infinity" || run == "oo"
        {
            return nil
        }
        // Letters in a row may be a product of variables; longer ones are a word, which is not its anagram.
        let isShort = range.count == 1 && words[0].count <= 3
        return .word(words.joined(separator: " "), value: isShort ? read(range, sign: 1)?.expression : nil)
    }

    /// `(C) 12`, `C. 12`, `\textbf{(C)}\ 12`: the letter and what it stands for.
    mutating func choice(_ range: Range<Int>) -> MathAnswer? {
        var index = range.lowerBound
        let hasParenthesis = tokens[index] == .symbol("(")
        if hasParenthesis { index += 1 }
        guard index + 1 < range.upperBound else { return nil }
        let letter: String
        switch tokens[index] {
        case .letter(let text), .word(let text): letter = text
        default: return nil
        }
        guard letter.count == 1, let scalar = letter.unicodeScalars.first, ("A"..."J").contains(scalar) else {
            return nil
        }
        index += 1
        let marks: [MathToken] = hasParenthesis ? [.symbol(")")] : [.symbol(")"), .symbol("."), .symbol(":")]
        guard marks.contains(tokens[index]) else { return nil }
        index += 1
        let rest = trimmed(index..<range.upperBound)
        if rest.isEmpty { return .choice(letter.lowercased(), nil) }
        // `(A)(B)` is a product, and so is `(A)x`.
        guard case .word = tokens[index - 2] else {
            guard index < range.upperBound, tokens[index] == .space else { return nil }
            return .choice(letter.lowercased(), items(rest))
        }
        return .choice(letter.lowercased(), items(rest))
    }
}
