extension MathAnswer {
    /// Whether both say the same.
    func means(_ other: MathAnswer) -> Bool {
        switch (self, other) {
        case (.named(let a, let x), .named(let b, let y)):
            return a == b && x.means(y)
        case (.named(_, let x), _):
            return x.means(other)
        case (_, .named(_, let y)):
            return means(y)
        case (.choice(let a, let x), .choice(let b, let y)):
            if let x, let y { return a == b && x.means(y) }
            return a == b
        case (.choice(let letter, let value), .word(let word, _)), (.word(let word, _), .choice(let letter, let value)):
            return letter == word || value?.means(.word(word, value: nil)) ?? false
        case (.choice(_, let value), _):
            return value?.means(other) ?? false
        case (_, .choice(_, let value)):
            return value.map(means) ?? false
        case (.word(let a, let x), .word(let b, let y)):
            if a == b { return true }
            if let x, let y { return x.isEqual(to: y) }
            return false
        case (.word(_, let x), _):
            return x.map { MathAnswer.value($0, unit: nil).means(other) } ?? false
        case (_, .word(_, let y)):
            return y.map { means(.value($0, unit: nil)) } ?? false
        case (.value(let a, let unit), .value(let b, let otherUnit)):
            return Self.areEqual(a, unit, b, otherUnit)
        case (.residue(let a, let m), .residue(let b, let n)):
            return m.isEqual(to: n) && Self.isMultiple(.sum([a, .negative(b)]), of: m)
        case (.residue(let a, _), .value(let b, _)), (.value(let a, _), .residue(let b, _)):
            return a.isEqual(to: b)
        case (.list(let x), .list(let y)):
            return Self.haveSameMembers(x, y)
        case (.list(let x), _) where x.count == 1:
            return x[0].means(other)
        case (_, .list(let y)) where y.count == 1:
            return means(y[0])
        case (.list(let x), .tuple(_, _, let y)), (.tuple(_, _, let y), .list(let x)):
            // `x = 1, y = 2` and `(1, 2)`.
            return Self.haveDistinctNames(x) && x.count == y.count && zip(x, y).allSatisfy { $0.means($1) }
        case (.union(let x), .union(let y)):
            return Self.haveSameMembers(x, y)
        case (.tuple(let open, let close, let x), .tuple(let otherOpen, let otherClose, let y)):
            return open == otherOpen && close == otherClose && x.count == y.count
                && zip(x, y).allSatisfy { $0.means($1) }
        case (.matrix(let x), .matrix(let y)):
            return x.count == y.count
                && zip(x, y).allSatisfy { $0.count == $1.count && zip($0, $1).allSatisfy { $0.means($1) } }
        case (.equation(let a, let b), .equation(let c, let d)):
            return MathExpression.sum([a, .negative(b)]).isMultiple(of: .sum([c, .negative(d)]), positively: false)
        case (.inequation(let a, let b), .inequation(let c, let d)):
            return MathExpression.sum([a, .negative(b)]).isMultiple(of: .sum([c, .negative(d)]), positively: false)
        case (.inequality(let a, let b, let strict), .inequality(let c, let d, let otherStrict)):
            return strict == otherStrict
                && MathExpression.sum([a, .negative(b)]).isMultiple(of: .sum([c, .negative(d)]), positively: true)
        case (.ratio(let x), .ratio(let y)):
            return x.count == y.count && zip(x, y).allSatisfy { $0.isEqual(to: $1) }
        case (.emptySet, .emptySet):
            return true
        default:
            return false
        }
    }

    private static func areEqual(_ a: MathExpression, _ unit: String?, _ b: MathExpression, _ otherUnit: String?)
        -> Bool
    {
        if let unit, let otherUnit, !unit.isEmpty, !otherUnit.isEmpty, unit != otherUnit { return false }
        if a.isEqual(to: b) { return true }
        let hundred = MathExpression.number(Rational(100))
        if unit == "%", otherUnit == nil { return MathExpression.quotient(a, hundred).isEqual(to: b) }
        if otherUnit == "%", unit == nil { return MathExpression.quotient(b, hundred).isEqual(to: a) }
        // Degrees are angles where the other side is one in radians.
        if unit == "degree", otherUnit == nil, a.symbols.isEmpty {
            return !b.isRational && MathExpression.function(.degrees, [a]).isEqual(to: b)
        }
        if otherUnit == "degree", unit == nil, b.symbols.isEmpty {
            return !a.isRational && MathExpression.function(.degrees, [b]).isEqual(to: a)
        }
        return false
    }

    private static func isMultiple(_ a: MathExpression, of modulus: MathExpression) -> Bool {
        guard case .rational(let a)? = Evaluator(trial: nil, precision: 512).value(of: a),
            case .rational(let m)? = Evaluator(trial: nil, precision: 512).value(of: modulus), let quotient = a / m
        else { return false }
        return quotient.isInteger
    }

    /// Each member of one has a member of its own in the other.
    private static func haveSameMembers(_ x: [MathAnswer], _ y: [MathAnswer]) -> Bool {
        guard x.count == y.count else { return false }
        if haveDistinctNames(x) != haveDistinctNames(y) {
            // The values of several unknowns have an order.
            return zip(x, y).allSatisfy { $0.means($1) }
        }
        var rest = y
        return x.allSatisfy { member in
            guard let match = rest.firstIndex(where: { member.means($0) }) else { return false }
            rest.remove(at: match)
            return true
        }
    }

    private static func haveDistinctNames(_ members: [MathAnswer]) -> Bool {
        var names: Set<String> = []
        for member in members {
            guard case .named(let name, _) = member else { return false }
            names.insert(name)
        }
        return names.count == members.count && members.count > 1
    }
}

extension MathExpression {
    /// The number of degrees of an angle that is given in degrees, else nil.
    var withoutDegrees: MathExpression? {
        switch self {
        case .function(.degrees, let arguments): return arguments.first
        case .sum(let terms):
            let angles = terms.compactMap(\.withoutDegrees)
            return angles.count == terms.count ? .sum(angles) : nil
        case .product(var factors):
            let places = factors.indices.filter { factors[$0].withoutDegrees != nil }
            guard places.count == 1, let angle = factors[places[0]].withoutDegrees else { return nil }
            factors[places[0]] = angle
            return .product(factors)
        default: return nil
        }
    }

    var isRational: Bool {
        if case .rational? = Evaluator(trial: nil, precision: 64).value(of: self) { true } else { false }
    }
}
