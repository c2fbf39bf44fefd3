// Conditions: equations, inequalities, residues.
extension MathAnswerReader {
    /// One condition or one side of one.
    mutating func item(_ range: Range<Int>) -> MathAnswer? {
        if let residue = residue(range) { return residue }
        let tokens = tokens
        var signs: [MathToken] = []
        let sides = split(range) { index in
            guard let sign = Self.relation(tokens, index) else { return nil }
            signs.append(sign.token)
            return sign.length
        }.map(trimmed)
        guard sides.count > 1 else { return side(range) }
        guard sides.allSatisfy({ !$0.isEmpty }) else {
            // `= 5`
            return sides.count == 2 && sides[0].isEmpty && signs[0] == .symbol("=") ? side(sides[1]) : nil
        }
        return relation(sides, signs)
    }

    static func relation(_ tokens: [MathToken], _ index: Int) -> (token: MathToken, length: Int)? {
        switch tokens[index] {
        case .symbol("="): return (.symbol("="), index + 1 < tokens.count && tokens[index + 1] == .symbol("=") ? 2 : 1)
        case .symbol("<"), .symbol(">"):
            let isLess = tokens[index] == .symbol("<")
            if index + 1 < tokens.count, tokens[index + 1] == .symbol("=") {
                return (.command(isLess ? "le" : "ge"), 2)
            }
            return (tokens[index], 1)
        case .command("<"): return (.symbol("<"), 1)
        case .command(">"): return (.symbol(">"), 1)
        case .command(let name) where ["le", "ge", "ne", "in", "approx", "equiv", "to"].contains(name):
            return (.command(name), 1)
        case .symbol("!") where index + 1 < tokens.count && tokens[index + 1] == .symbol("="):
            return (.command("ne"), 2)
        default: return nil
        }
    }

    mutating func relation(_ sides: [Range<Int>], _ signs: [MathToken]) -> MathAnswer? {
        if sides.count == 3, let between = between(sides, signs) { return between }
        if signs.allSatisfy({ $0 == .symbol("=") }) {
            return equality(sides)
        }
        guard sides.count == 2 else { return nil }
        switch signs[0] {
        case .command("in"), .command("to"):
            return side(sides[1]).map { .named(name(sides[0]), $0) }
        case .command("approx"):
            // The exact side is the answer.
            return side(sides[0])
        case .command("ne"):
            guard let a = expression(sides[0]), let b = expression(sides[1]) else { return nil }
            return .inequation(a, b)
        case .symbol("<"), .command("le"): return inequality(sides[0], sides[1], strict: signs[0] == .symbol("<"))
        case .symbol(">"), .command("ge"): return inequality(sides[1], sides[0], strict: signs[0] == .symbol(">"))
        default: return nil
        }
    }

    /// `x = 5`, `a + b = 12`, `1/2 = 0.5`, `y = 2x + 1`.
    mutating func equality(_ sides: [Range<Int>]) -> MathAnswer? {
        // A name in front, and the last of what it equals.
        if isName(sides[0]), let last = sides.last {
            guard let value = side(last) else { return nil }
            if sides.count > 2 {
                for middle in sides[1..<sides.count - 1] {
                    guard let other = expression(middle), case .value(let shown, _) = value, other.isEqual(to: shown)
                    else {
                        return nil
                    }
                }
            }
            return .named(name(sides[0]), value)
        }
        // A tuple of names.
        if sides.count == 2, case .tuple(_, _, let names)? = side(sides[0]), case .tuple? = side(sides[1]),
            names.allSatisfy({ if case .word = $0 { true } else { false } })
        {
            return side(sides[1]).map { .named(name(sides[0]), $0) }
        }
        var expressions: [MathExpression] = []
        for part in sides {
            guard let value = expression(part) else { return nil }
            expressions.append(value)
        }
        if expressions.allSatisfy({ $0.symbols.isEmpty }) {
            // A true statement about one value.
            guard let last = expressions.last, expressions.allSatisfy({ $0.isEqual(to: last) }) else { return nil }
            return .value(last, unit: nil)
        }
        guard expressions.count == 2 else { return nil }
        // `m + n = 12` asks for a number by what is wanted of the unknowns.
        if expressions[1].symbols.isEmpty, isSumOfNames(expressions[0]) {
            return .named(name(sides[0]), .value(expressions[1], unit: nil))
        }
        return .equation(expressions[0], expressions[1])
    }

    func isSumOfNames(_ expression: MathExpression) -> Bool {
        switch expression {
        case .symbol: true
        case .sum(let parts), .product(let parts): parts.allSatisfy(isSumOfNames)
        default: false
        }
    }

    /// `0 \le x < 1` as an interval.
    mutating func between(_ sides: [Range<Int>], _ signs: [MathToken]) -> MathAnswer? {
        let rising: [MathToken] = [.symbol("<"), .command("le")]
        let falling: [MathToken] = [.symbol(">"), .command("ge")]
        let isRising = signs.allSatisfy(rising.contains)
        guard isRising || signs.allSatisfy(falling.contains), isName(sides[1]) else { return nil }
        guard let first = expression(sides[0]), let last = expression(sides[2]) else { return nil }
        let (low, high) = isRising ? (first, last) : (last, first)
        let strict = signs.map { $0 == .symbol("<") || $0 == .symbol(">") }
        let (lowStrict, highStrict) = isRising ? (strict[0], strict[1]) : (strict[1], strict[0])
        return .named(
            name(sides[1]),
            .tuple(
                open: lowStrict ? "(" : "[",
                close: highStrict ? ")" : "]",
                [.value(low, unit: nil), .value(high, unit: nil)]
            )
        )
    }

    mutating func inequality(_ low: Range<Int>, _ high: Range<Int>, strict: Bool) -> MathAnswer? {
        guard let a = expression(low), let b = expression(high) else { return nil }
        let infinity = MathExpression.constant(.infinity)
        if isName(low), b.symbols.isEmpty {
            return .named(
                name(low),
                .tuple(
                    open: "(",
                    close: strict ? ")" : "]",
                    [.value(.negative(infinity), unit: nil), .value(b, unit: nil)]
                )
            )
        }
        if isName(high), a.symbols.isEmpty {
            return .named(
                name(high),
                .tuple(open: strict ? "(" : "[", close: ")", [.value(a, unit: nil), .value(infinity, unit: nil)])
            )
        }
        return .inequality(a, b, strict: strict)
    }

    /// `25 \pmod{100}`, `n \equiv 3 \pmod 5`.
    mutating func residue(_ range: Range<Int>) -> MathAnswer? {
        let range = trimmed(range)
        guard
            let mark = range.first(where: { index in
                [.command("pmod"), .command("bmod"), .command("mod"), .word("mod"), .letters("mod")].contains(
                    tokens[index]
                )
            })
        else { return nil }
        var start = range.lowerBound
        if let sign = range.first(where: { tokens[$0] == .command("equiv") || tokens[$0] == .symbol("=") }), sign < mark
        {
            start = sign + 1
        }
        var end = mark
        // `(mod 5)`
        var modulus = mark + 1..<range.upperBound
        if end > start, tokens[end - 1] == .symbol("("), tokens[range.upperBound - 1] == .symbol(")") {
            end -= 1
            modulus = mark + 1..<range.upperBound - 1
        }
        guard let value = expression(trimmed(start..<end)), let modulus = expression(trimmed(modulus)) else {
            return nil
        }
        return .residue(value, modulus: modulus)
    }
}
