import BigInt

// Numbers, names and commands.
extension MathParser {
    static func number(_ digits: String) -> Rational? {
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let value = BigInt(parts.joined()), digits.utf8.count <= 4000 else { return nil }
        return parts.count == 2 ? Rational(value, over: BigInt(10).power(parts[1].count)) : Rational(value)
    }

    mutating func decimal(_ digits: String) -> MathExpression? {
        guard let value = Self.number(digits) else { return nil }
        if case .repeating(let repeated)? = peek, let period = BigInt(repeated) {
            position += 1
            let places = digits.split(separator: ".", omittingEmptySubsequences: false).last?.count ?? 0
            let scale = BigInt(10).power(places) * (BigInt(10).power(repeated.count) - 1)
            return Rational(period, over: scale).flatMap { value + $0 }.map { .number($0) }
        }
        // 6.02e23
        if case .letter(let e)? = peek, e == "e" || e == "E" {
            let back = position
            position += 1
            let isNegative = peek == .symbol("-")
            if isNegative || peek == .symbol("+") { position += 1 }
            if case .number(let digits)? = peek, let exponent = Int(digits), exponent <= 10_000,
                let scale = Rational(10).power(isNegative ? -exponent : exponent), let scaled = value * scale
            {
                position += 1
                return .number(scaled)
            }
            position = back
        }
        return .number(value)
    }

    // MARK: Names

    mutating func variable(_ name: String) -> MathExpression? {
        switch name {
        case "e" where next != .symbol("_"): return .constant(.e)
        case "i" where next != .symbol("_"): return .constant(.i)
        default: break
        }
        var full = name
        if next == .symbol("_") {
            _ = take("_")
            guard let index = subscriptName(allowingSpaces: true) else { return nil }
            full += "_" + index
        }
        return .symbol(full)
    }

    /// What stands in a subscript, as text.
    mutating func subscriptName(allowingSpaces: Bool = false) -> String? {
        if take(.symbol("_")) {}
        skipSpaces()
        guard let token = peek else { return nil }
        position += 1
        guard token == .symbol("{") else { return Self.text(token) }
        var name = ""
        var depth = 1
        while let token = peek {
            position += 1
            if token == .symbol("{") { depth += 1 }
            if token == .symbol("}") { depth -= 1 }
            if depth == 0 { return name.isEmpty ? nil : name }
            name += Self.text(token) ?? ""
        }
        return nil
    }

    /// How a token is written in the name of a variable.
    static func text(_ token: MathToken) -> String? {
        switch token {
        case .number(let text), .repeating(let text), .letter(let text), .letters(let text), .word(let text): text
        case .command(let name): "\\" + name
        case .symbol(let symbol): String(symbol)
        case .rowBreak, .space: nil
        }
    }

    /// Letters in a row: a function, a constant, or a product of variables.
    mutating func named(_ run: String) -> MathExpression? {
        switch run {
        case "pi": return .constant(.pi)
        case "inf", "infinity", "oo", "infty": return .constant(.infinity)
        case "sqrt": return root()
        default: break
        }
        if let function = Self.functions[run] { return apply(run, function) }
        guard run.count <= 20, !Self.connectors.contains(run) else { return nil }
        // `sinx` is no product of three variables; neither are words.
        if run.count > 4 { return .symbol(run) }
        var factors: [MathExpression] = []
        for (index, letter) in run.enumerated() {
            let isLast = index == run.count - 1
            switch String(letter) {
            case "e" where !isLast || next != .symbol("_"): factors.append(.constant(.e))
            case "i" where !isLast || next != .symbol("_"): factors.append(.constant(.i))
            default: factors.append(.symbol(String(letter)))
            }
        }
        guard let last = factors.popLast() else { return nil }
        // A power and a subscript belong to the last letter.
        var end = last
        if case .symbol(let name) = last, next == .symbol("_") {
            guard let value = variable(name) else { return nil }; end = value
        }
        guard let value = suffixes(of: end) else { return nil }
        return .product(factors + [value])
    }

    mutating func command(_ name: String) -> MathExpression? {
        switch name {
        case "frac":
            guard let a = argument(), let b = argument() else { return nil }
            return .quotient(a, b)
        case "binom":
            guard let n = argument(), let k = argument() else { return nil }
            return .function(.binomial, [n, k])
        case "sqrt", "surd": return root()
        case "pi": return .constant(.pi)
        case "infty": return .constant(.infinity)
        case "imath": return .constant(.i)
        case "lfloor": return bracketed("rfloor", .floor)
        case "lceil": return bracketed("rceil", .ceiling)
        case "vert":
            return absolute(closedBy: .command("vert"))
        case "mathbb", "mathcal", "vec", "hat", "tilde", "overline", "bar", "angle", "triangle":
            // A name: it has no value, and is the same only where it is written the same.
            skipSpaces()
            if peek == .symbol("{") { return subscriptName().map { .symbol("\\\(name){\($0)}") } }
            guard let token = peek, let text = Self.text(token) else { return nil }
            position += 1
            return .symbol("\\\(name){\(text)}")
        default:
            return Self.functions[name].flatMap { apply(name, $0) }
        }
    }

    mutating func bracketed(_ close: String, _ function: MathExpression.Function) -> MathExpression? {
        guard let value = sum(), take(.command(close)) else { return nil }
        return .function(function, [value])
    }

    mutating func root() -> MathExpression? {
        var degree = MathExpression.number(Rational(2))
        if take("[") {
            guard let value = group("]") else { return nil }
            degree = value
        }
        skipSpaces()
        let radicand: MathExpression?
        if take("(") { radicand = group(")") } else { radicand = argument() }
        return radicand.map { .root($0, degree: degree) }
    }

    /// What a command applies to: a group in braces, one digit, one letter or one command.
    mutating func argument() -> MathExpression? {
        skipSpaces()
        guard let token = peek else { return nil }
        if token == .symbol("{") {
            position += 1
            return binomialOrGroup()
        }
        return atom()
    }
}
