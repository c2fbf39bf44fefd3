import BigInt

/// The value of an expression: a fraction where it is known to be one, else an interval of the complex plane.
enum Value {
    case rational(Rational)
    case complex(RealInterval, RealInterval)
    case infinite(isNegative: Bool)

    /// -1, 0 or 1; nil where the interval does not tell or where the value is not real.
    var sign: Int? {
        switch self {
        case .rational(let value): return Int(value.numerator.signum())
        case .infinite(let isNegative): return isNegative ? -1 : 1
        case .complex(let re, let im):
            guard im.containsZero else { return nil }
            return re.isPositive ? 1 : re.isNegative ? -1 : nil
        }
    }

    /// Nil where the intervals are too wide to tell.
    func isSame(as other: Value) -> Bool? {
        switch (self, other) {
        case (.rational(let a), .rational(let b)): return a == b
        case (.infinite(let a), .infinite(let b)): return a == b
        case (.infinite, _), (_, .infinite): return false
        default: break
        }
        guard case .complex(let a, _)? = Optional(self).flatMap({ $0.isRational ? other : $0 }),
            let (x, xi) = parts(precision: a.precision), let (y, yi) = other.parts(precision: a.precision)
        else { return nil }
        let (re, im) = (x - y, xi - yi)
        guard re.containsZero, im.containsZero else { return false }
        // Both parts within 100 digits of the greater part; relative, so that small values are told apart as large ones are.
        let width = max(x.width + y.width, xi.width + yi.width)
        let magnitude = max(x.magnitude, xi.magnitude, y.magnitude, yi.magnitude)
        if !magnitude.isZero, (width << 330) < magnitude { return true }
        // What stays at zero with the most digits is zero beside a zero that is known.
        let isLast = a.precision >= 4096
        return isLast && (isZero || other.isZero) && magnitude.bitWidth <= 64 ? true : nil
    }

    func multiplying(by other: Value) -> Value? {
        Self.product(self, other, precision: precision ?? other.precision ?? 512)
    }

    func dividing(by other: Value) -> Value? {
        Self.quotient(self, other, precision: precision ?? other.precision ?? 512)
    }

    var isZero: Bool { if case .rational(let value) = self { value.isZero } else { false } }
    private var isRational: Bool { if case .rational = self { true } else { false } }
    private var precision: Int? { if case .complex(let re, _) = self { re.precision } else { nil } }

    /// Real and imaginary part; nil for what is infinite.
    func parts(precision: Int) -> (RealInterval, RealInterval)? {
        switch self {
        case .rational(let value):
            (RealInterval(value, precision: precision), RealInterval(.zero, precision: precision))
        case .complex(let re, let im): (re, im)
        case .infinite: nil
        }
    }

    /// The value as a real interval; nil where it has an imaginary part.
    func real(precision: Int) -> RealInterval? {
        guard let (re, im) = parts(precision: precision), im.isExactlyZero else { return nil }
        return re
    }

    static func real(_ interval: RealInterval) -> Value {
        .complex(interval, RealInterval(.zero, precision: interval.precision))
    }

    static func sum(_ a: Value, _ b: Value, precision: Int) -> Value? {
        switch (a, b) {
        case (.rational(let x), .rational(let y)): return (x + y).map { .rational($0) }
        case (.infinite(let x), .infinite(let y)): return x == y ? a : nil
        case (.infinite, _): return a
        case (_, .infinite): return b
        default:
            guard let (x, xi) = a.parts(precision: precision), let (y, yi) = b.parts(precision: precision) else {
                return nil
            }
            return .complex(x + y, xi + yi)
        }
    }

    static func product(_ a: Value, _ b: Value, precision: Int) -> Value? {
        switch (a, b) {
        case (.rational(let x), .rational(let y)): return (x * y).map { .rational($0) }
        case (.infinite, _), (_, .infinite):
            guard let x = a.sign, let y = b.sign, x * y != 0 else { return nil }
            return .infinite(isNegative: x * y < 0)
        default:
            if a.isZero || b.isZero { return .rational(.zero) }
            guard let (x, xi) = a.parts(precision: precision), let (y, yi) = b.parts(precision: precision) else {
                return nil
            }
            guard let rr = x * y, let ii = xi * yi, let ri = x * yi, let ir = xi * y else { return nil }
            return .complex(rr - ii, ri + ir)
        }
    }

    static func quotient(_ a: Value, _ b: Value, precision: Int) -> Value? {
        switch (a, b) {
        case (.rational(let x), .rational(let y)): return (x / y).map { .rational($0) }
        case (.infinite, .infinite): return nil
        case (_, .infinite): return .rational(.zero)
        case (.infinite, _):
            return b.sign.flatMap { $0 == 0 ? nil : product(a, .rational(Rational($0)), precision: precision) }
        default:
            guard let (y, yi) = b.parts(precision: precision), let (x, xi) = a.parts(precision: precision) else {
                return nil
            }
            if yi.isExactlyZero {
                guard let re = x / y, let im = xi / y else { return nil }
                return .complex(re, im)
            }
            guard let square = y.power(2), let other = yi.power(2), let rr = x * y, let ii = xi * yi, let ir = xi * y,
                let ri = x * yi, let re = (rr + ii) / (square + other), let im = (ir - ri) / (square + other)
            else { return nil }
            return .complex(re, im)
        }
    }

    static func negative(_ a: Value) -> Value {
        switch a {
        case .rational(let value): .rational(-value)
        case .complex(let re, let im): .complex(-re, -im)
        case .infinite(let isNegative): .infinite(isNegative: !isNegative)
        }
    }
}
