/// Reads tokens into an expression by recursive descent: each method leaves `position` behind what it read, or returns nil.
struct MathParser {
    let tokens: [MathToken]
    var position: Int
    /// Where reading ends.
    let end: Int
    /// What `\pm` means here: 1, or -1 for the other value.
    let sign: Int
    private var depth = 0
    /// Bars that wait for their partner; inside of them a bar closes.
    var openBars = 0
    /// Whether `\pm` or `\mp` was read.
    private(set) var hasTwoValues = false

    init(_ tokens: [MathToken], _ range: Range<Int>, sign: Int = 1) {
        self.tokens = tokens
        position = range.lowerBound
        end = range.upperBound
        self.sign = sign
    }

    /// The whole range as one expression.
    mutating func expression() -> MathExpression? {
        var value = sum()
        if let n = value, take(.command("choose")) { value = sum().map { .function(.binomial, [n, $0]) } }
        skipSpaces()
        return position == end ? value : nil
    }

    // MARK: Tokens

    var peek: MathToken? { position < end ? tokens[position] : nil }

    mutating func skipSpaces() {
        while peek == .space { position += 1 }
    }

    mutating func take(_ token: MathToken) -> Bool {
        skipSpaces()
        guard peek == token else { return false }
        position += 1
        return true
    }

    mutating func take(_ symbol: Character) -> Bool { take(.symbol(symbol)) }

    /// What stands behind spaces.
    var next: MathToken? {
        var index = position
        while index < end, tokens[index] == .space { index += 1 }
        return index < end ? tokens[index] : nil
    }

    // MARK: Grammar

    /// The longest sum that begins here.
    mutating func sum() -> MathExpression? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 60 else { return nil }
        var terms: [MathExpression] = []
        while true {
            var isNegative = false
            var hasSign = false
            scan: while let token = next {
                switch token {
                case .symbol("-"): isNegative.toggle()
                case .symbol("+"): break
                case .command("pm"):
                    hasTwoValues = true
                    if sign < 0 { isNegative.toggle() }
                case .command("mp"):
                    hasTwoValues = true
                    if sign > 0 { isNegative.toggle() }
                default: break scan
                }
                hasSign = true
                _ = take(token)
            }
            guard terms.isEmpty || hasSign else { break }
            guard let term = product() else { return nil }
            terms.append(isNegative ? .negative(term) : term)
        }
        return terms.count == 1 ? terms[0] : .sum(terms)
    }

    mutating func product() -> MathExpression? {
        let start = position
        guard var value = power() else { return nil }
        if case .number(let whole) = value, whole.isInteger, let fraction = mixedFraction(after: start) {
            value = .sum([value, fraction])
        }
        while let token = next {
            switch token {
            case .symbol("*"), .command("cdot"), .command("times"):
                _ = take(token)
                // `**` is a power in programs.
                if token == .symbol("*"), peek == .symbol("*") {
                    position += 1
                    guard let exponent = signedPower() else { return nil }
                    value = .power(value, exponent)
                    continue
                }
                guard let factor = signedPower() else { return nil }
                value = Self.product(value, factor)
            case .symbol("/"), .command("div"):
                _ = take(token)
                guard let divisor = signedPower() else { return nil }
                value = .quotient(value, divisor)
            default:
                guard startsFactor(token) else { return value }
                // Two numbers side by side are no product.
                if case .number = token { return value }
                guard let factor = power() else { return nil }
                value = Self.product(value, factor)
            }
        }
        return value
    }

    static func product(_ a: MathExpression, _ b: MathExpression) -> MathExpression {
        if case .product(let factors) = a { .product(factors + [b]) } else { .product([a, b]) }
    }

    /// The fraction of `1\frac{1}{2}` and of `1 1/2`, which is added and not multiplied.
    mutating func mixedFraction(after start: Int) -> MathExpression? {
        let isPlainInteger = tokens[start..<position].allSatisfy { token in
            switch token {
            case .number(let digits): !digits.contains(".")
            case .space: true
            default: false
            }
        }
        guard isPlainInteger else { return nil }
        let back = position
        if next == .command("frac"), case .quotient(.number(let a), .number(let b))? = atom(), Self.isProper(a, b) {
            return .quotient(.number(a), .number(b))
        }
        position = back
        guard peek == .space, case .number(let n)? = next, let a = Self.number(n) else { return nil }
        skipSpaces()
        position += 1
        if peek == .symbol("/") {
            position += 1
            if case .number(let d)? = peek, let b = Self.number(d), Self.isProper(a, b) {
                position += 1
                return .quotient(.number(a), .number(b))
            }
        }
        position = back
        return nil
    }

    static func isProper(_ a: Rational, _ b: Rational) -> Bool {
        a.isInteger && b.isInteger && Rational.zero < a && a < b
    }

    /// Whether a factor can stand here without a sign of multiplication.
    func startsFactor(_ token: MathToken) -> Bool {
        switch token {
        case .number, .letter: true
        case .letters(let run): Self.functions[run] != nil || !Self.connectors.contains(run)
        case .command(let name): Self.functions[name] != nil || Self.openingCommands.contains(name)
        case .symbol("|"): openBars == 0
        case .symbol(let symbol): symbol == "(" || symbol == "{" || symbol == "["
        case .word, .repeating, .rowBreak, .space: false
        }
    }

    static let connectors: Set<String> = ["and", "or", "mod"]
    private static let openingCommands: Set<String> = [
        "frac", "sqrt", "surd", "binom", "pi", "infty", "lfloor", "lceil", "imath", "mathbb", "mathcal", "vec", "hat",
        "tilde",
        "overline", "bar", "angle", "triangle",
    ]

    /// `-5` as a factor or an exponent.
    mutating func signedPower() -> MathExpression? {
        if take("-") { return power().map { .negative($0) } }
        _ = take("+")
        return power()
    }

    mutating func power() -> MathExpression? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 60, let base = atom() else { return nil }
        return suffixes(of: base)
    }

    /// Factorials, powers and what else stands behind a value.
    mutating func suffixes(of base: MathExpression) -> MathExpression? {
        var value = base
        while let token = next {
            switch token {
            case .symbol("!"):
                _ = take("!")
                if peek == .symbol("!") {
                    position += 1
                    value = .function(.doubleFactorial, [value])
                } else {
                    value = .function(.factorial, [value])
                }
            case .symbol("'"):
                guard case .symbol(let name) = value else { return nil }
                _ = take("'")
                value = .symbol(name + "'")
            case .symbol("^"):
                _ = take("^")
                if isDegreeSign() {
                    value = .function(.degrees, [value])
                    continue
                }
                guard let exponent = exponent() else { return nil }
                value = .power(value, exponent)
            case .command("circ"):
                _ = take(token)
                value = .function(.degrees, [value])
            case .symbol("_"):
                // A number in another base: no value, a name.
                guard case .number(let number) = value, number.isInteger, let name = subscriptName() else { return nil }
                value = .symbol("\(number.numerator)_\(name)")
            default:
                return value
            }
        }
        return value
    }

    mutating func isDegreeSign() -> Bool {
        let back = position
        if take(.command("circ")) { return true }
        if take("{"), take(.command("circ")), take("}") { return true }
        position = back
        return false
    }

    /// In LaTeX an exponent without braces is one digit or letter; in plain text it is a whole number.
    mutating func exponent() -> MathExpression? {
        skipSpaces()
        if take("-") { return exponent().map { .negative($0) } }
        guard let base = atom() else { return nil }
        if next == .symbol("^") {
            _ = take("^")
            return exponent().map { .power(base, $0) }
        }
        if peek == .symbol("!") { return nil }
        return base
    }

    mutating func atom() -> MathExpression? {
        skipSpaces()
        guard let token = peek else { return nil }
        position += 1
        switch token {
        case .number(let digits): return decimal(digits)
        case .letter(let name): return variable(name)
        case .letters(let run): return named(run)
        case .command(let name): return command(name)
        case .symbol("("): return group(")")
        case .symbol("["): return group("]")
        case .symbol("{"): return binomialOrGroup()
        case .symbol("|"): return absolute(closedBy: token)
        default:
            position -= 1
            return nil
        }
    }

    mutating func group(_ close: Character) -> MathExpression? {
        guard let value = sum(), take(close) else { return nil }
        return value
    }

    /// `{...}`, or `{n \choose k}`.
    mutating func binomialOrGroup() -> MathExpression? {
        guard let value = sum() else { return nil }
        if take(.command("choose")) {
            guard let k = sum(), take("}") else { return nil }
            return .function(.binomial, [value, k])
        }
        if take(.command("over")) {
            guard let divisor = sum(), take("}") else { return nil }
            return .quotient(value, divisor)
        }
        return take("}") ? value : nil
    }

    mutating func absolute(closedBy close: MathToken) -> MathExpression? {
        guard openBars == 0 else { return nil }
        openBars += 1
        defer { openBars -= 1 }
        guard let value = sum(), take(close) else { return nil }
        return .function(.absolute, [value])
    }
}
