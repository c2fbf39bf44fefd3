// Functions with their arguments.
extension MathParser {
    static let functions: [String: MathExpression.Function] = [
        "ln": .logarithm, "log": .logarithm, "lg": .logarithm, "exp": .logarithm, "sin": .sin, "cos": .cos, "tan": .tan,
        "cot": .cot, "sec": .sec, "csc": .csc, "arcsin": .arcsin, "arccos": .arccos, "arctan": .arctan, "asin": .arcsin,
        "acos": .arccos, "atan": .arctan, "sinh": .sinh, "cosh": .cosh, "tanh": .tanh, "max": .max, "min": .min,
        "gcd": .gcd,
        "lcm": .lcm, "abs": .absolute, "floor": .floor, "ceil": .ceiling, "binomial": .binomial,
        "factorial": .factorial,
    ]

    static let inverses: [MathExpression.Function: MathExpression.Function] = [
        .sin: .arcsin, .cos: .arccos, .tan: .arctan,
    ]

    /// A function with its base or power and its argument.
    ///
    /// `\log` without a base is to ten, as in competitions.
    mutating func apply(_ name: String, _ function: MathExpression.Function) -> MathExpression? {
        var function = function
        var base: MathExpression?
        var power: MathExpression?
        while let token = next, token == .symbol("_") || token == .symbol("^") {
            _ = take(token)
            skipSpaces()
            guard let value = take("{") ? group("}") : atom() else { return nil }
            if token == .symbol("_") { base = value } else { power = value }
        }
        guard base == nil || function == .logarithm else { return nil }
        guard let arguments = arguments() else { return nil }
        if case .number(let exponent)? = power, exponent == Rational(-1), let inverse = Self.inverses[function] {
            function = inverse
            power = nil
        }
        var value: MathExpression
        switch name {
        case "exp":
            guard arguments.count == 1 else { return nil }
            value = .power(.constant(.e), arguments[0])
        case "ln", "log", "lg":
            guard arguments.count == 1 || (arguments.count == 2 && base == nil && name == "log") else { return nil }
            let usual: MathExpression = name == "ln" ? .constant(.e) : .number(Rational(10))
            value = .function(.logarithm, [arguments[0], base ?? (arguments.count == 2 ? arguments[1] : usual)])
        default:
            value = .function(function, arguments)
        }
        if let power { value = .power(value, power) }
        return value
    }

    /// The arguments in parentheses, or the factors that follow: `\sin 2x`, `\ln 2`.
    mutating func arguments() -> [MathExpression]? {
        skipSpaces()
        if take("(") || take("{") {
            let close: Character = tokens[position - 1] == .symbol("(") ? ")" : "}"
            guard let first = sum() else { return nil }
            var arguments = [first]
            while take(",") {
                guard let argument = sum() else { return nil }
                arguments.append(argument)
            }
            return take(close) ? arguments : nil
        }
        if take("|") { return absolute(closedBy: .symbol("|")).map { [$0] } }
        guard var value = simpleFactor() else { return nil }
        while let token = next, isSimple(token), let factor = simpleFactor() { value = Self.product(value, factor) }
        return [value]
    }

    mutating func simpleFactor() -> MathExpression? { power() }

    /// Factors that a function without parentheses takes in.
    func isSimple(_ token: MathToken) -> Bool {
        switch token {
        case .letter: true
        case .letters(let run): Self.functions[run] == nil && !Self.connectors.contains(run)
        case .command(let name): name == "pi" || name == "sqrt" || name == "frac"
        default: false
        }
    }
}
