import Foundation

/// The value of an expression without variables, exact where it is a fraction.
///
/// Understands integers of any length, decimals, thousands separators, `+ - * /`, `\cdot`, `\times`, `^`, `\frac`, `\sqrt`,
/// `\pi`, parentheses, mixed numbers and products without a sign. Text of more than 1,000 bytes, nesting deeper than 50 and
/// values beyond a Double have none.
struct MathExpression {
    let exact: Rational?
    let approximate: Double

    /// Nil when `text`, which holds no spaces, is not such an expression.
    init?(_ text: String) {
        guard text.utf8.count <= 1000 else { return nil }
        var parser = Parser(text: Array(text.utf8))
        guard let value = parser.sum(), parser.position == parser.text.count, value.approximate.isFinite else {
            return nil
        }
        self = value
    }

    fileprivate init(exact: Rational?, approximate: Double) {
        self.exact = exact
        self.approximate = approximate
    }

    fileprivate init(_ exact: Rational) {
        self.init(exact: exact, approximate: exact.double)
    }

    /// Whether both are the same number: exactly where both are fractions, else to nine digits.
    func isEqual(to other: MathExpression) -> Bool {
        if let exact, let theirs = other.exact { return exact == theirs }
        let difference = abs(approximate - other.approximate)
        return difference <= 1e-9 * max(abs(approximate), abs(other.approximate)) || difference < 1e-12
    }

    fileprivate static func + (a: Self, b: Self) -> Self {
        Self(exact: both(a, b).flatMap { $0 + $1 }, approximate: a.approximate + b.approximate)
    }

    fileprivate static func * (a: Self, b: Self) -> Self {
        Self(exact: both(a, b).flatMap { $0 * $1 }, approximate: a.approximate * b.approximate)
    }

    fileprivate static func / (a: Self, b: Self) -> Self {
        Self(exact: both(a, b).flatMap { $0 / $1 }, approximate: a.approximate / b.approximate)
    }

    fileprivate static func power(_ a: Self, _ b: Self) -> Self {
        let exponent = b.exact.flatMap { $0.isInteger ? Int(exactly: $0.numerator) : nil }
        return Self(
            exact: exponent.flatMap { exponent in a.exact.flatMap { $0.power(exponent) } },
            approximate: pow(a.approximate, b.approximate)
        )
    }

    private static func both(_ a: Self, _ b: Self) -> (Rational, Rational)? {
        if let x = a.exact, let y = b.exact { (x, y) } else { nil }
    }
}

/// Recursive descent over the bytes; each method leaves `position` after what it read, or returns nil.
private struct Parser {
    let text: [UInt8]
    var position = 0
    var depth = 0

    mutating func sum() -> MathExpression? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 50 else { return nil }
        var total: MathExpression?
        repeat {
            var sign: Int128 = 1
            var hasSign = false
            while let byte = peek, byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") {
                if byte == UInt8(ascii: "-") { sign = -sign }
                hasSign = true
                position += 1
            }
            guard total == nil || hasSign, let term = product() else { return nil }
            let signed = MathExpression(Rational(sign)) * term
            total = total.map { $0 + signed } ?? signed
        } while peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-")
        return total
    }

    private mutating func product() -> MathExpression? {
        let start = position
        guard var value = power() else { return nil }
        // `1\frac{1}{2}` is a mixed number, not a product.
        if text[start..<position].allSatisfy({ (48...57).contains($0) }), starts(with: "\\frac{") {
            guard let fraction = power() else { return nil }
            let isProper = fraction.exact.map { $0.numerator > 0 && $0.numerator < $0.denominator } ?? false
            value = isProper ? value + fraction : value * fraction
        }
        while let byte = peek {
            if byte == UInt8(ascii: "*") || take("\\cdot") || take("\\times") {
                if byte == UInt8(ascii: "*") { position += 1 }
                guard let factor = signedPower() else { return nil }
                value = value * factor
            } else if byte == UInt8(ascii: "/") || take("\\div") {
                if byte == UInt8(ascii: "/") { position += 1 }
                guard let divisor = signedPower() else { return nil }
                value = value / divisor
            } else if byte == UInt8(ascii: "(") || byte == UInt8(ascii: "{") || byte == UInt8(ascii: "\\") {
                guard let factor = power() else { return nil }
                value = value * factor
            } else {
                break
            }
        }
        return value
    }

    /// `-5` as a factor or an exponent.
    private mutating func signedPower() -> MathExpression? {
        guard peek == UInt8(ascii: "-") else { return power() }
        position += 1
        return power().map { MathExpression(Rational(-1)) * $0 }
    }

    private mutating func power() -> MathExpression? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 50, let base = atom() else { return nil }
        guard peek == UInt8(ascii: "^") else { return base }
        position += 1
        return signedPower().map { MathExpression.power(base, $0) }
    }

    private mutating func atom() -> MathExpression? {
        if take("\\frac") {
            guard let numerator = argument(), let denominator = argument() else { return nil }
            return numerator / denominator
        }
        if take("\\sqrt") {
            var degree: MathExpression? = MathExpression(Rational(2))
            if peek == UInt8(ascii: "[") { degree = group("[", "]") }
            guard let degree, let radicand = argument() ?? group("(", ")") else { return nil }
            return root(radicand, degree)
        }
        if take("\\pi") { return MathExpression(exact: nil, approximate: .pi) }
        return group("(", ")") ?? group("{", "}") ?? number()
    }

    private func root(_ radicand: MathExpression, _ degree: MathExpression) -> MathExpression {
        let approximate = pow(radicand.approximate, 1 / degree.approximate)
        // A whole root stays exact.
        if degree.exact == Rational(2), let exact = radicand.exact, exact.isInteger,
            approximate.rounded() == approximate,
            abs(approximate) < 1e15, exact == Rational(Int128(approximate) * Int128(approximate))
        {
            return MathExpression(Rational(Int128(approximate)))
        }
        return MathExpression(exact: nil, approximate: approximate)
    }

    private mutating func group(_ open: String, _ close: String) -> MathExpression? {
        let start = position
        if take(open), let value = sum(), take(close) { return value }
        position = start
        return nil
    }

    /// What a command applies to: a group in braces, or one digit.
    private mutating func argument() -> MathExpression? {
        if let byte = peek, (48...57).contains(byte) {
            position += 1
            return MathExpression(Rational(Int128(byte - 48)))
        }
        return group("{", "}")
    }

    /// Digits with a point, or with commas between groups of three.
    private mutating func number() -> MathExpression? {
        var digits: [UInt8] = []
        var places = 0
        var hasPoint = false
        while let byte = peek {
            if (48...57).contains(byte) {
                digits.append(byte)
                if hasPoint { places += 1 }
            } else if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else if byte == UInt8(ascii: ","), !hasPoint, isThousandsSeparator {
                // Skipped.
            } else {
                break
            }
            position += 1
        }
        guard !digits.isEmpty else { return nil }
        // Too long to be exact is no number here: such answers are compared as text.
        guard let whole = Int128(String(decoding: digits, as: UTF8.self)), let scale = Rational(10).power(places),
            let exact = Rational(whole) / scale
        else { return nil }
        return MathExpression(exact)
    }

    /// Whether the comma here has one to three digits before it, or such a group, and exactly three after it.
    private var isThousandsSeparator: Bool {
        func isDigit(_ index: Int) -> Bool { text.indices.contains(index) && (48...57).contains(text[index]) }
        var before = 0
        while before <= 3, isDigit(position - 1 - before) { before += 1 }
        return (1...3).contains(before) && isDigit(position + 1) && isDigit(position + 2) && isDigit(position + 3)
            && !isDigit(position + 4)
    }

    private var peek: UInt8? { position < text.count ? text[position] : nil }

    private func starts(with word: String) -> Bool { text[position...].starts(with: word.utf8) }

    private mutating func take(_ word: String) -> Bool {
        guard starts(with: word) else { return false }
        position += word.utf8.count
        return true
    }
}
