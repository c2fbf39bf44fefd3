import BigInt

/// Computes the value of an expression, with each variable at a fixed point that the trial chooses.
///
/// Work is bounded: an expression that would take too long has no value.
final class Evaluator {
    /// The points: some whole, some positive fractions, some negative ones.
    static let trialCount = 12

    private let trial: Int?
    private let precision: Int
    private var work = 0

    /// `trial` nil is for expressions without variables.
    init(trial: Int?, precision: Int) {
        self.trial = trial
        self.precision = precision
    }

    /// Nil where it is not defined, not known here, or too large.
    func value(of expression: MathExpression) -> Value? {
        guard charge(1) else { return nil }
        switch expression {
        case .number(let value): return .rational(value)
        case .symbol(let name): return trial.map { .rational(Self.point(name, trial: $0)) }
        case .constant(let constant): return value(of: constant)
        case .sum(let terms):
            return fold(terms, from: .zero) { Value.sum($0, $1, precision: self.precision) }
        case .product(let factors):
            return fold(factors, from: .one) { Value.product($0, $1, precision: self.precision) }
        case .quotient(let a, let b):
            guard let a = value(of: a), let b = value(of: b), charge(4) else { return nil }
            return Value.quotient(a, b, precision: precision)
        case .power(let base, let exponent):
            guard let base = value(of: base), let exponent = value(of: exponent), charge(20) else { return nil }
            return power(base, exponent)
        case .root(let radicand, let degree):
            guard let radicand = value(of: radicand), case .rational(let degree)? = value(of: degree),
                let degree = degree.int, degree > 0, charge(100)
            else { return nil }
            return root(radicand, degree)
        case .function(let function, let arguments):
            var values: [Value] = []
            for argument in arguments {
                guard let value = value(of: argument) else { return nil }
                values.append(value)
            }
            guard charge(200) else { return nil }
            return apply(function, values)
        }
    }

    private func fold(_ parts: [MathExpression], from start: Rational, _ combine: (Value, Value) -> Value?) -> Value? {
        var total = Value.rational(start)
        for part in parts {
            guard let value = value(of: part), let next = combine(total, value), charge(2) else { return nil }
            total = next
        }
        return total
    }

    /// Large numbers and high precision cost more.
    private func charge(_ units: Int) -> Bool {
        work += units * (precision / 512 + 1)
        return work <= 20_000
    }

    /// Where a variable is in a trial: the same for both sides, apart for each name, and no simple number.
    static func point(_ name: String, trial: Int) -> Rational {
        // FNV-1a, since Swift's own hash differs from run to run.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(trial):\(name)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash ^= hash >> 29
        switch trial {
        case 0..<4: return Rational(3 + Int(hash % 28))
        case 4..<8: return Rational(BigInt(101 + Int(hash % 1900)), over: 997) ?? .one
        default: return Rational(BigInt(-103 - Int(hash % 1900)), over: 991) ?? .one
        }
    }
}

extension Evaluator {
    private func value(of constant: MathExpression.Constant) -> Value? {
        switch constant {
        case .pi: return .real(RealInterval.pi(precision: precision))
        case .e: return RealInterval(.one, precision: precision).exponential.map { .real($0) }
        case .i: return .complex(RealInterval(.zero, precision: precision), RealInterval(.one, precision: precision))
        case .infinity: return .infinite(isNegative: false)
        }
    }

    private func power(_ base: Value, _ exponent: Value) -> Value? {
        if case .rational(let exponent) = exponent {
            if let n = exponent.int {
                if case .rational(let base) = base { return base.power(n).map { .rational($0) } }
                return wholePower(base, n)
            }
            // A root, then a power: 8^{2/3} is 4. Of negative numbers only where the root is real.
            if let degree = Int(exactly: exponent.denominator), degree <= 64, let n = Int(exactly: exponent.numerator) {
                return (degree == 2 || base.sign ?? -1 >= 0)
                    ? root(base, degree).flatMap { power($0, .rational(Rational(n))) } : nil
            }
        }
        guard let y = exponent.parts(precision: precision), y.1.isExactlyZero || isE(base) else { return nil }
        guard let x = base.real(precision: precision), let logarithm = x.logarithm, let re = logarithm * y.0,
            let im = logarithm * y.1, let size = re.exponential
        else { return nil }
        if im.isExactlyZero { return .real(size) }
        guard let cosine = im.cosine, let sine = im.sine, let a = size * cosine, let b = size * sine else { return nil }
        return .complex(a, b)
    }

    /// Complex powers are for e alone, of which `e^{i\pi/3}` is made.
    private func isE(_ base: Value) -> Bool {
        guard case .complex = base, let e = value(of: .e) else { return false }
        return base.isSame(as: e) ?? false
    }

    private func wholePower(_ base: Value, _ exponent: Int) -> Value? {
        guard abs(exponent) <= 4096 else { return nil }
        if let real = base.real(precision: precision) { return real.power(exponent).map { .real($0) } }
        var result = Value.rational(.one)
        var square = base
        var rest = abs(exponent)
        while rest > 0 {
            if rest & 1 == 1 {
                guard let next = Value.product(result, square, precision: precision) else { return nil }
                result = next
            }
            rest >>= 1
            guard rest > 0 else { break }
            guard let next = Value.product(square, square, precision: precision) else { return nil }
            square = next
        }
        return exponent < 0 ? Value.quotient(.rational(.one), result, precision: precision) : result
    }

    private func root(_ radicand: Value, _ degree: Int) -> Value? {
        if case .rational(let value) = radicand {
            if let exact = value.root(degree) { return .rational(exact) }
            if value.isNegative, degree == 2 {
                guard case let positive? = root(.rational(-value), 2), let i = self.value(of: .i) else { return nil }
                return Value.product(positive, i, precision: precision)
            }
        }
        guard let real = radicand.real(precision: precision) else { return nil }
        if let root = real.root(degree) { return .real(root) }
        if real.isNegative, degree % 2 == 1 { return root(.real(-real), degree).map { Value.negative($0) } }
        guard real.isPositive, let logarithm = real.logarithm,
            let scaled = logarithm / RealInterval(Rational(degree), precision: precision)
        else { return nil }
        return scaled.exponential.map { .real($0) }
    }

    private func apply(_ function: MathExpression.Function, _ values: [Value]) -> Value? {
        switch function {
        case .factorial, .doubleFactorial, .binomial, .gcd, .lcm: return applyToIntegers(function, values)
        case .max, .min: return extreme(values, isGreatest: function == .max)
        case .absolute, .floor, .ceiling: return values.first.flatMap { applyToOrder(function, $0) }
        case .logarithm:
            guard values.count == 2 else { return nil }
            return logarithm(values[0], base: values[1])
        default:
            guard values.count == 1 else { return nil }
            return applyElementary(function, values[0])
        }
    }

    private func applyToIntegers(_ function: MathExpression.Function, _ values: [Value]) -> Value? {
        let integers = values.compactMap { value -> Int? in
            if case .rational(let value) = value { value.int } else { nil }
        }
        guard integers.count == values.count, let n = integers.first else { return nil }
        switch function {
        case .factorial: return Self.product(from: n, by: 1)
        case .doubleFactorial: return Self.product(from: n, by: 2)
        case .binomial:
            guard integers.count == 2, (0...10_000).contains(n) else { return nil }
            let k = integers[1]
            guard (0...n).contains(k) else { return .rational(.zero) }
            var result = BigInt(1)
            for j in 0..<min(k, n - k) {
                result = result * BigInt(n - j) / BigInt(j + 1)
                guard result.bitWidth <= Rational.bitLimit else { return nil }
            }
            return .rational(Rational(result))
        default:
            var result = BigInt(n)
            for other in integers.dropFirst() {
                let divisor = Rational.greatestCommonDivisor(result.magnitude, BigInt(other).magnitude)
                if function == .gcd {
                    result = divisor
                } else {
                    result = divisor.isZero ? 0 : abs(result * BigInt(other)) / divisor
                }
                guard result.bitWidth <= Rational.bitLimit else { return nil }
            }
            return .rational(Rational(result))
        }
    }

    private static func product(from n: Int, by step: Int) -> Value? {
        guard (0...6_000).contains(n) else { return nil }
        var result = BigInt(1)
        for factor in stride(from: n, to: 1, by: -step) { result *= BigInt(factor) }
        return result.bitWidth <= Rational.bitLimit ? .rational(Rational(result)) : nil
    }

    private func extreme(_ values: [Value], isGreatest: Bool) -> Value? {
        guard var best = values.first else { return nil }
        for value in values.dropFirst() {
            guard let difference = Value.sum(value, .negative(best), precision: precision), let sign = difference.sign
            else {
                return nil
            }
            if sign == (isGreatest ? 1 : -1) { best = value }
        }
        return best
    }

    private func applyToOrder(_ function: MathExpression.Function, _ value: Value) -> Value? {
        if case .rational(let value) = value {
            switch function {
            case .absolute: return .rational(value.magnitude)
            case .floor: return .rational(Rational(value.floor))
            default: return .rational(Rational(-(-value).floor))
            }
        }
        guard let (re, im) = value.parts(precision: precision) else { return nil }
        if function == .absolute {
            if im.isExactlyZero { return .real(re.absolute) }
            guard let a = re.power(2), let b = im.power(2) else { return nil }
            return (a + b).root(2).map { .real($0) }
        }
        guard im.isExactlyZero, re.low.floored(by: precision) == re.high.floored(by: precision) else { return nil }
        return .rational(Rational(re.low.floored(by: precision) + (function == .ceiling ? 1 : 0)))
    }

    private func logarithm(_ value: Value, base: Value) -> Value? {
        // A whole logarithm of fractions is exact.
        if case .rational(let x) = value, case .rational(let b) = base, !b.isZero, let exact = Self.wholeLogarithm(x, b)
        {
            return .rational(Rational(exact))
        }
        guard let x = value.real(precision: precision)?.logarithm, let b = base.real(precision: precision)?.logarithm
        else {
            return nil
        }
        if case .rational(let x) = value, x == .one { return .rational(.zero) }
        return (x / b).map { .real($0) }
    }

    private static func wholeLogarithm(_ x: Rational, _ base: Rational) -> Int? {
        guard Rational.one < base, Rational.zero < x else { return nil }
        let isSmall = x < .one
        guard var rest = isSmall ? .one / x : x else { return nil }
        var count = 0
        while Rational.one < rest, count < 4096 {
            guard let next = rest / base else { return nil }
            rest = next
            count += 1
        }
        return rest == .one ? (isSmall ? -count : count) : nil
    }

    private func applyElementary(_ function: MathExpression.Function, _ value: Value) -> Value? {
        func quotient(_ a: RealInterval?, _ b: RealInterval?) -> RealInterval? {
            if let a, let b { a / b } else { nil }
        }
        guard let x = value.real(precision: precision) else { return nil }
        if case .rational(let exact) = value, exact.isZero {
            switch function {
            case .sin, .tan, .arcsin, .arctan, .sinh, .tanh, .degrees: return .rational(.zero)
            case .cos, .sec, .cosh: return .rational(.one)
            default: break
            }
        }
        let one = RealInterval(.one, precision: precision)
        let result: RealInterval?
        switch function {
        case .sin: result = x.sine
        case .cos: result = x.cosine
        case .tan: result = quotient(x.sine, x.cosine)
        case .cot: result = quotient(x.cosine, x.sine)
        case .sec: result = quotient(one, x.cosine)
        case .csc: result = quotient(one, x.sine)
        case .arctan: result = x.arctangent
        case .arcsin: result = arcsine(x)
        case .arccos:
            result = arcsine(x).flatMap { a in
                (RealInterval.pi(precision: precision) / (one + one)).map { $0 - a }
            }
        case .degrees:
            result = (x * RealInterval.pi(precision: precision)).flatMap {
                $0 / RealInterval(Rational(180), precision: precision)
            }
        case .sinh, .cosh, .tanh:
            guard let up = x.exponential, let down = (-x).exponential else { return nil }
            switch function {
            case .sinh: result = (up - down) / (one + one)
            case .cosh: result = (up + down) / (one + one)
            default: result = (up - down) / (up + down)
            }
        default: result = nil
        }
        return result.map { .real($0) }
    }

    private func arcsine(_ x: RealInterval) -> RealInterval? {
        let one = RealInterval(.one, precision: precision)
        guard let square = x.power(2) else { return nil }
        let rest = one - square
        // At the very ends the quotient has no value, and the arc sine is half of pi.
        if rest.isExactlyZero {
            let half = RealInterval.pi(precision: precision) / (one + one)
            return x.isNegative ? half.map { -$0 } : half
        }
        guard rest.isPositive, let root = rest.root(2), let tangent = x / root else { return nil }
        return tangent.arctangent
    }
}
