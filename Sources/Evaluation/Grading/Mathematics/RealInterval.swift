import BigInt

/// All real numbers between two bounds, which are whole multiples of `2^-precision`.
///
/// Each operation rounds its bounds outward, so that the true value of an expression is always inside. Operations are nil
/// where the function is not defined on the whole interval, or where the result is too large to be worth its time.
struct RealInterval {
    let low: BigInt
    let high: BigInt
    let precision: Int

    /// Integers of more bits have no interval.
    static let magnitudeLimit = 1 << 16

    init(low: BigInt, high: BigInt, precision: Int) {
        self.low = low
        self.high = high
        self.precision = precision
    }

    init(_ value: Rational, precision: Int) {
        let (quotient, remainder) = (value.numerator << precision).quotientAndRemainder(dividingBy: value.denominator)
        let isNegative = remainder.sign == .minus && !remainder.isZero
        low = isNegative ? quotient - 1 : quotient
        high = remainder.isZero || isNegative ? quotient : quotient + 1
        self.precision = precision
    }

    var containsZero: Bool { low.signum() <= 0 && high.signum() >= 0 }
    var isPositive: Bool { low.signum() > 0 }
    var isNegative: Bool { high.signum() < 0 }
    var isExactlyZero: Bool { low.isZero && high.isZero }
    var width: BigInt { high - low }
    /// The greatest distance from zero.
    var magnitude: BigInt { max(abs(low), abs(high)) }

    static prefix func - (a: Self) -> Self { Self(low: -a.high, high: -a.low, precision: a.precision) }

    static func + (a: Self, b: Self) -> Self {
        Self(low: a.low + b.low, high: a.high + b.high, precision: a.precision)
    }

    static func - (a: Self, b: Self) -> Self { a + -b }

    static func * (a: Self, b: Self) -> Self? {
        let products = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]
        guard let low = products.min(), let high = products.max(),
            high.bitWidth <= 2 * a.precision + magnitudeLimit, low.bitWidth <= 2 * a.precision + magnitudeLimit
        else { return nil }
        return Self(low: low.floored(by: a.precision), high: ceiling(high, shift: a.precision), precision: a.precision)
    }

    static func / (a: Self, b: Self) -> Self? {
        guard !b.containsZero else { return nil }
        let quotients = [a.low, a.high].flatMap { n in
            [b.low, b.high].flatMap { d in
                let (floor, hasRest) = floorDivision(n << a.precision, d)
                return hasRest ? [floor, floor + 1] : [floor]
            }
        }
        guard let low = quotients.min(), let high = quotients.max() else { return nil }
        return Self(low: low, high: high, precision: a.precision)
    }

    var absolute: Self {
        if low.signum() >= 0 { return self }
        if high.signum() <= 0 { return -self }
        return Self(low: 0, high: magnitude, precision: precision)
    }

    /// The square or cube root; cube roots of negative numbers are negative.
    func root(_ degree: Int) -> Self? {
        // Newton's method on all digits of a high power takes long; logarithms give such roots.
        guard degree > 0, degree <= 3 else { return nil }
        if low.signum() < 0 {
            guard degree % 2 == 1, high.signum() <= 0 else { return nil }
            return (-self).root(degree).map { -$0 }
        }
        let shift = precision * (degree - 1)
        let bounds = [low, high].map { BigInt(Rational.integerRoot(($0 << shift).magnitude, degree)) }
        return Self(low: bounds[0], high: bounds[1] + 1, precision: precision)
    }

    func power(_ exponent: Int) -> Self? {
        guard exponent >= 0 else { return power(-exponent).flatMap { Self(.one, precision: precision) / $0 } }
        var result = Self(.one, precision: precision)
        var square = self
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 {
                guard let next = result * square else { return nil }
                result = next
            }
            rest >>= 1
            if rest > 0 {
                guard let next = square * square else { return nil }
                // A square is never negative, which the product of two unrelated intervals does not know.
                square = containsZero ? Self(low: max(next.low, 0), high: next.high, precision: precision) : next
            }
        }
        return result
    }

    /// `a >> shift`, rounded up.
    fileprivate static func ceiling(_ a: BigInt, shift: Int) -> BigInt { -(-a).floored(by: shift) }

    fileprivate static func floorDivision(_ n: BigInt, _ d: BigInt) -> (floor: BigInt, hasRest: Bool) {
        let (quotient, remainder) = n.quotientAndRemainder(dividingBy: d)
        guard !remainder.isZero else { return (quotient, false) }
        return ((n.sign == d.sign) ? quotient : quotient - 1, true)
    }
}

// MARK: - Elementary functions

extension RealInterval {
    static func pi(precision: Int) -> Self { Self(near: RealConstants.pi(precision + guardBits), precision: precision) }

    var exponential: Self? {
        // Two bounds are needed only where they are far apart: e^x grows by no more than its greatest value for each step.
        guard let a = exponential(of: low) else { return nil }
        guard width.bitWidth > 8 else {
            return Self(low: a.low, high: a.high + ((width * a.high) >> (precision - 2)) + 1, precision: precision)
        }
        return exponential(of: high).map { Self(low: a.low, high: $0.high, precision: precision) }
    }

    var logarithm: Self? {
        guard low.signum() > 0 else { return nil }
        let a = logarithm(of: low)
        // ln grows by no more than the width over the lower bound.
        return Self(low: a.low, high: a.high + (width << precision) / low + 1, precision: precision)
    }

    var sine: Self? { sineAndCosine?.sine }
    var cosine: Self? { sineAndCosine?.cosine }

    /// Grows no faster than its argument.
    var arctangent: Self {
        let a = arctangent(of: low)
        return Self(low: a.low, high: a.high + width, precision: precision)
    }

    /// More bits than the rounding errors of a series of a few thousand terms take.
    private static let guardBits = 32

    /// A value with `guardBits` more bits whose error is below `2^-precision`.
    private init(near value: BigInt, precision: Int) {
        let floor = value >> Self.guardBits
        self.init(low: floor - 1, high: floor + 2, precision: precision)
    }

    private func exponential(of x: BigInt) -> Self? {
        // Extra bits for the result's own magnitude.
        guard (abs(x) >> precision) <= 20_000 else { return nil }
        let extra = RealConstants.roundedUp(max(0, Int((abs(x) * 3 / 2) >> precision)) + 1)
        let p = precision + Self.guardBits + extra
        let value = x << (p - precision)
        let two = RealConstants.logarithmOfTwo(p)
        let k = Self.floorDivision(value, two).floor
        let halvings = 8
        let r = (value - k * two) >> halvings
        var term = BigInt(1) << p
        var sum = term
        var n = 1
        while !term.isZero {
            term = ((term * r) >> p) / BigInt(n)
            sum += term
            n += 1
        }
        for _ in 0..<halvings { sum = (sum * sum) >> p }
        guard let shift = Int(exactly: k) else { return nil }
        let scaled = shift >= 0 ? sum << shift : sum >> -shift
        return Self(near: scaled >> extra, precision: precision)
    }

    private func logarithm(of x: BigInt) -> Self {
        let p = precision + Self.guardBits
        let shift = x.bitWidth - 2 - precision
        // In [1, 2).
        let m = shift >= 0 ? (x << Self.guardBits) >> shift : (x << Self.guardBits) << -shift
        let one = BigInt(1) << p
        let value =
            RealConstants.twiceArtanh(((m - one) << p) / (m + one), p) + BigInt(shift) * RealConstants.logarithmOfTwo(p)
        return Self(near: value, precision: precision)
    }

    /// Both at the middle, widened by the radius: neither grows faster than its argument.
    private var sineAndCosine: (sine: Self, cosine: Self)? {
        guard (magnitude >> precision).bitWidth <= 4096 else { return nil }
        let extra = RealConstants.roundedUp((magnitude >> precision).bitWidth)
        let p = precision + Self.guardBits + extra
        let middle = ((low + high) << (p - precision)) >> 1
        let turn = 2 * RealConstants.pi(p)
        let halvings = 6
        let r = (middle - Self.floorDivision(middle, turn).floor * turn) >> halvings
        let square = (r * r) >> p
        let one = BigInt(1) << p
        var (sine, cosine) = (r, one)
        var (s, c) = (r, one)
        var n = 1
        while !s.isZero || !c.isZero {
            c = -((c * square) >> p) / BigInt((2 * n - 1) * 2 * n)
            s = -((s * square) >> p) / BigInt(2 * n * (2 * n + 1))
            sine += s
            cosine += c
            n += 1
        }
        for _ in 0..<halvings { (sine, cosine) = ((2 * sine * cosine) >> p, ((cosine * cosine - sine * sine) >> p)) }
        func widened(_ value: BigInt) -> Self {
            let near = Self(near: value >> extra, precision: precision)
            return Self(low: near.low - width, high: near.high + width, precision: precision)
        }
        return (widened(sine), widened(cosine))
    }

    private func arctangent(of x: BigInt) -> Self {
        let p = precision + Self.guardBits
        var value = abs(x) << Self.guardBits
        let one = BigInt(1) << p
        let isLarge = value > one
        if isLarge { value = (one << p) / value }
        // atan x = 2 atan(x / (1 + sqrt(1 + x^2))), until the series is short.
        let halvings = 4
        for _ in 0..<halvings {
            let root = BigInt(Rational.integerRoot(((one * one) + value * value).magnitude, 2))
            value = (value << p) / (one + root)
        }
        let square = (value * value) >> p
        var power = value
        var sum = value
        var k = 1
        while !power.isZero, power != -1 {
            power = -((power * square) >> p)
            k += 2
            sum += power / BigInt(k)
        }
        sum <<= halvings
        if isLarge { sum = RealConstants.pi(p) / 2 - sum }
        return Self(near: x.signum() < 0 ? -sum : sum, precision: precision)
    }
}

extension BigInt {
    /// The quotient by `2^bits`, rounded down.
    ///
    /// The library's own shift rounds towards zero.
    func floored(by bits: Int) -> BigInt {
        guard sign == .minus else { return self >> bits }
        let quotient = BigInt(magnitude >> bits)
        return quotient << bits == -self ? -quotient : -quotient - 1
    }
}
