/// An exact fraction in lowest terms; every operation is nil when the result does not fit.
struct Rational: Hashable {
    let numerator: Int128
    /// Positive.
    let denominator: Int128

    init(_ value: Int128) {
        numerator = value
        denominator = 1
    }

    init?(_ numerator: Int128, over denominator: Int128) {
        guard denominator != 0, numerator != .min, denominator != .min else { return nil }
        var (a, b) = (numerator.magnitude, denominator.magnitude)
        while b != 0 { (a, b) = (b, a % b) }
        let divisor = Int128(a)
        let sign: Int128 = denominator < 0 ? -1 : 1
        self.numerator = sign * numerator / divisor
        self.denominator = sign * denominator / divisor
    }

    var double: Double { Double(numerator) / Double(denominator) }
    var isInteger: Bool { denominator == 1 }

    static func + (a: Rational, b: Rational) -> Rational? {
        guard let x = product(a.numerator, b.denominator), let y = product(b.numerator, a.denominator),
            let d = product(a.denominator, b.denominator)
        else { return nil }
        let (n, overflow) = x.addingReportingOverflow(y)
        return overflow ? nil : Rational(n, over: d)
    }

    static func * (a: Rational, b: Rational) -> Rational? {
        guard let n = product(a.numerator, b.numerator), let d = product(a.denominator, b.denominator) else {
            return nil
        }
        return Rational(n, over: d)
    }

    static func / (a: Rational, b: Rational) -> Rational? {
        Rational(b.denominator, over: b.numerator).flatMap { a * $0 }
    }

    func power(_ exponent: Int) -> Rational? {
        guard abs(exponent) <= 200 else { return nil }
        var result: Rational? = Rational(1)
        for _ in 0..<abs(exponent) { result = result.flatMap { $0 * self } }
        return exponent < 0 ? result.flatMap { Rational(1) / $0 } : result
    }

    private static func product(_ a: Int128, _ b: Int128) -> Int128? {
        let (value, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? nil : value
    }
}
