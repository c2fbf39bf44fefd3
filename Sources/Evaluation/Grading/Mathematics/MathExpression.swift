/// An expression as it was written: numbers, names and what is done to them.
indirect enum MathExpression: Hashable {
    case number(Rational)
    /// A variable with its subscript, or a number in another base, which is compared by name.
    case symbol(String)
    case constant(Constant)
    case sum([MathExpression])
    case product([MathExpression])
    case quotient(MathExpression, MathExpression)
    case power(MathExpression, MathExpression)
    /// The root of a degree.
    case root(MathExpression, degree: MathExpression)
    case function(Function, [MathExpression])

    enum Constant: Hashable { case pi, e, i, infinity }

    enum Function: String, Hashable {
        case logarithm, absolute, floor, ceiling, factorial, doubleFactorial, binomial, degrees
        case sin, cos, tan, cot, sec, csc, arcsin, arccos, arctan, sinh, cosh, tanh
        case max, min, gcd, lcm
    }

    static func negative(_ a: MathExpression) -> MathExpression {
        if case .number(let value) = a { .number(-value) } else { .product([.number(Rational(-1)), a]) }
    }

    /// The variables in it.
    var symbols: Set<String> {
        switch self {
        case .symbol(let name): [name]
        default: parts.reduce(into: []) { $0.formUnion($1.symbols) }
        }
    }

    private var parts: [MathExpression] {
        switch self {
        case .number, .symbol, .constant: []
        case .sum(let terms): terms
        case .product(let factors): factors
        case .quotient(let a, let b), .power(let a, let b), .root(let a, let b): [a, b]
        case .function(_, let arguments): arguments
        }
    }

    /// A text that is the same for expressions that differ in the order of terms and factors alone.
    ///
    /// Decides where an expression has no value that can be computed, such as `2^{10^{10}}`.
    var canonicalText: String {
        if !parts.isEmpty, symbols.isEmpty,
            case .rational(let value)? = Evaluator(trial: nil, precision: 64).value(of: self)
        {
            return MathExpression.number(value).canonicalText
        }
        switch self {
        case .number(let value): return "\(value.numerator)/\(value.denominator)"
        case .symbol(let name): return name
        case .constant(let constant): return "\\\(constant)"
        case .sum(let terms): return "sum(\(terms.map(\.canonicalText).sorted().joined(separator: ",")))"
        case .product(let factors): return "product(\(factors.map(\.canonicalText).sorted().joined(separator: ",")))"
        case .quotient(let a, let b): return "quotient(\(a.canonicalText),\(b.canonicalText))"
        case .power(let a, let b): return "power(\(a.canonicalText),\(b.canonicalText))"
        case .root(let a, let degree): return "root(\(a.canonicalText),\(degree.canonicalText))"
        case .function(let name, let arguments):
            let texts = arguments.map(\.canonicalText)
            let isSymmetric = [.max, .min, .gcd, .lcm].contains(name)
            return "\(name)(\((isSymmetric ? texts.sorted() : texts).joined(separator: ",")))"
        }
    }
}

extension MathExpression {
    /// Whether both have the same value: exactly for fractions of any size, by intervals of more than 40 digits for roots,
    /// logarithms and the like, and for expressions with variables at a dozen fixed points.
    func isEqual(to other: MathExpression) -> Bool {
        if self == other { return true }
        let names = symbols.union(other.symbols)
        if names.isEmpty { return isEqual(to: other, trial: nil) ?? (canonicalText == other.canonicalText) }
        guard names.count <= 20 else { return canonicalText == other.canonicalText }
        var agreements = 0
        for trial in 0..<Evaluator.trialCount {
            guard let same = isEqual(to: other, trial: trial) else { continue }
            guard same else { return false }
            agreements += 1
        }
        return agreements >= 3 || canonicalText == other.canonicalText
    }

    /// Whether this is a constant multiple of `other`, by a positive constant where `positively`.
    func isMultiple(of other: MathExpression, positively: Bool) -> Bool {
        let evaluations = (0..<Evaluator.trialCount).compactMap { trial -> (Value, Value)? in
            let evaluator = Evaluator(trial: trial, precision: Self.precisions[0])
            guard let a = evaluator.value(of: self), let b = evaluator.value(of: other) else { return nil }
            return (a, b)
        }
        guard evaluations.count >= 4, let (a, b) = evaluations.first(where: { $0.1.sign != 0 && $0.1.sign != nil }),
            let factor = a.dividing(by: b), factor.sign != 0, !positively || factor.sign == 1
        else { return false }
        return evaluations.allSatisfy { x, y in y.multiplying(by: factor).flatMap { x.isSame(as: $0) } ?? false }
    }

    /// Bits after the point: what the first cannot tell apart is looked at more closely.
    private static let precisions = [512, 2048, 4096]

    /// Nil where neither has a value.
    private func isEqual(to other: MathExpression, trial: Int?) -> Bool? {
        var isDefined = false
        for precision in Self.precisions {
            let evaluator = Evaluator(trial: trial, precision: precision)
            switch (evaluator.value(of: self), evaluator.value(of: other)) {
            case (nil, nil):
                return nil
            case (let a?, let b?):
                if let same = a.isSame(as: b) { return same }
                isDefined = true
            default:
                // More digits may tell on which side of a whole number the argument of a floor is.
                guard trial == nil else { return false }
            }
        }
        return isDefined ? false : nil
    }
}
