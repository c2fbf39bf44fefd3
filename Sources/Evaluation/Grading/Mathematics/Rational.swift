import BigInt

/// An exact fraction of any size in lowest terms.
///
/// Operations are nil beyond `bitLimit` bits, so that an answer such as `9^{9^9}` costs nothing.
struct Rational: Hashable {
    let numerator: BigInt
    /// Positive.
    let denominator: BigInt

    /// About 19,700 decimal digits.
    static let bitLimit = 1 << 16
    static let zero = Rational(0)
    static let one = Rational(1)

    init(_ value: BigInt) {
        numerator = value
        denominator = 1
    }

    init(_ value: Int) { self.init(BigInt(value)) }

    init?(_ numerator: BigInt, over denominator: BigInt) {
        guard !denominator.isZero, numerator.bitWidth <= Self.bitLimit, denominator.bitWidth <= Self.bitLimit else {
            return nil
        }
        let divisor = denominator == 1 ? 1 : Self.greatestCommonDivisor(numerator.magnitude, denominator.magnitude)
        let sign: BigInt = denominator.sign == .minus ? -1 : 1
        self.numerator = sign * numerator / divisor
        self.denominator = sign * denominator / divisor
    }

    var isInteger: Bool { denominator == 1 }
    var isZero: Bool { numerator.isZero }
    var isNegative: Bool { numerator.sign == .minus && !numerator.isZero }
    var bitWidth: Int { numerator.bitWidth + denominator.bitWidth }

    /// The value as an `Int`, or nil where it is none.
    var int: Int? { isInteger ? Int(exactly: numerator) : nil }

    /// The greatest integer that is not greater.
    var floor: BigInt {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        return remainder.sign == .minus && !remainder.isZero ? quotient - 1 : quotient
    }

    var magnitude: Rational { isNegative ? -self : self }

    static prefix func - (a: Rational) -> Rational { Rational(lowest: -a.numerator, a.denominator) }

    static func + (a: Rational, b: Rational) -> Rational? {
        if a.isInteger, b.isInteger { return within(Rational(a.numerator + b.numerator)) }
        return Rational(a.numerator * b.denominator + b.numerator * a.denominator, over: a.denominator * b.denominator)
    }

    static func - (a: Rational, b: Rational) -> Rational? { a + -b }

    static func * (a: Rational, b: Rational) -> Rational? {
        if a.isInteger, b.isInteger { return within(Rational(a.numerator * b.numerator)) }
        return Rational(a.numerator * b.numerator, over: a.denominator * b.denominator)
    }

    static func / (a: Rational, b: Rational) -> Rational? {
        Rational(a.numerator * b.denominator, over: a.denominator * b.numerator)
    }

    static func < (a: Rational, b: Rational) -> Bool {
        a.numerator * b.denominator < b.numerator * a.denominator
    }

    func power(_ exponent: Int) -> Rational? {
        guard exponent != 0 else { return isZero ? nil : .one }
        let magnitude = numerator.magnitude
        if isInteger, magnitude <= 1 {
            guard magnitude == 1 || exponent > 0 else { return nil }
            return exponent % 2 == 0 ? self * self : self
        }
        let count = Int(clamping: exponent.magnitude)
        let (bits, overflow) = (max(numerator.bitWidth, denominator.bitWidth) - 1).multipliedReportingOverflow(
            by: count
        )
        guard !overflow, bits <= Self.bitLimit else { return nil }
        let n = numerator.power(count)
        let d = denominator.power(count)
        guard exponent < 0 else { return Rational(lowest: n, d) }
        guard !isZero else { return nil }
        return n.sign == .minus ? Rational(lowest: -d, -n) : Rational(lowest: d, n)
    }

    /// The root of this degree where it is a fraction too.
    ///
    /// Odd roots of negative numbers are negative.
    func root(_ degree: Int) -> Rational? {
        guard degree > 0, !isNegative || degree % 2 == 1 else { return nil }
        guard let n = Self.exactRoot(numerator.magnitude, degree), let d = Self.exactRoot(denominator.magnitude, degree)
        else { return nil }
        return Rational(lowest: isNegative ? -BigInt(n) : BigInt(n), BigInt(d))
    }

    /// The greatest integer whose power is not greater than `value`, by Newton's method from above.
    static func integerRoot(_ value: BigUInt, _ degree: Int) -> BigUInt {
        guard value > 1, degree > 1 else { return value }
        guard degree < value.bitWidth else { return 1 }
        var guess = BigUInt(1) << ((value.bitWidth + degree - 1) / degree)
        while true {
            let next = (guess * BigUInt(degree - 1) + value / guess.power(degree - 1)) / BigUInt(degree)
            if next >= guess { return guess }
            guess = next
        }
    }

    /// Euclid's algorithm: one step where a number is small, which the library's binary one takes a bit at a time.
    static func greatestCommonDivisor(_ a: BigUInt, _ b: BigUInt) -> BigInt {
        var (a, b) = (a, b)
        while !b.isZero { (a, b) = (b, a % b) }
        return BigInt(a)
    }

    private static func exactRoot(_ value: BigUInt, _ degree: Int) -> BigUInt? {
        let root = integerRoot(value, degree)
        return root.power(degree) == value ? root : nil
    }

    private init(lowest numerator: BigInt, _ denominator: BigInt) {
        self.numerator = numerator
        self.denominator = denominator
    }

    private static func within(_ value: Rational) -> Rational? { value.numerator.bitWidth <= bitLimit ? value : nil }
}
