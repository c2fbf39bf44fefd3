/// Numbers as JSON writes them, as expressions.
///
/// Digits are bounded, so that a number ends: 18 before the point and 16 behind it fit every reader.
extension RegularExpression {
    /// The most digits of a whole number.
    static let mostDigits = 18

    private static let anyDigit = digit(0...9)
    private static let minus = RegularExpression.characters([0x2D...0x2D])
    private static let point = RegularExpression.characters([0x2E...0x2E])

    static let anyInteger = RegularExpression.sequence([optional(minus), natural])

    static let anyNumber = RegularExpression.sequence([
        optional(minus), natural,
        optional(.sequence([point, .repetition(anyDigit, 1, 16)])),
        optional(
            .sequence([
                .characters([0x45...0x45, 0x65...0x65]), optional(.characters([0x2B...0x2B, 0x2D...0x2D])),
                .repetition(anyDigit, 1, 2),
            ])
        ),
    ])

    private static let natural = RegularExpression.alternatives([
        digit(0...0), .sequence([digit(1...9), .repetition(anyDigit, 0, mostDigits - 1)]),
    ])

    private static func optional(_ part: RegularExpression) -> RegularExpression { .repetition(part, 0, 1) }

    /// Whole numbers of a range, without exponents; the range must lie within 18 digits.
    static func integers(_ range: ClosedRange<Int>) -> RegularExpression {
        var parts: [RegularExpression] = []
        if range.lowerBound < 0 {
            let nearest = Swift.max(1, -range.upperBound)
            if nearest <= -range.lowerBound {
                parts.append(.sequence([minus, naturals(nearest...(-range.lowerBound))]))
            }
        }
        if range.upperBound >= 0 { parts.append(naturals(Swift.max(0, range.lowerBound)...range.upperBound)) }
        return .alternatives(parts)
    }

    /// Numbers between two whole ones, with at most six digits behind the point, without exponents.
    ///
    /// With an excluded bound, a number's nearest binary fraction must still be on the right side of it, hence the six.
    static func numbers(_ range: ClosedRange<Int>, excludesLow: Bool, excludesHigh: Bool) -> RegularExpression {
        var parts: [RegularExpression] = []
        if range.lowerBound < 0 {
            let nearest = Swift.max(0, -range.upperBound)
            parts.append(
                .sequence([
                    minus,
                    magnitudes(
                        nearest...(-range.lowerBound),
                        excludesLow: range.upperBound > 0 ? false : excludesHigh,
                        excludesHigh: excludesLow
                    ),
                ])
            )
        }
        if range.upperBound > 0 || range == 0...0 || (range.upperBound == 0 && !excludesHigh) {
            let nearest = Swift.max(0, range.lowerBound)
            parts.append(
                magnitudes(
                    nearest...range.upperBound,
                    excludesLow: range.lowerBound < 0 ? false : excludesLow,
                    excludesHigh: excludesHigh
                )
            )
        }
        return .alternatives(parts)
    }

    /// Numbers of at least 0 in a range.
    private static func magnitudes(_ range: ClosedRange<Int>, excludesLow: Bool, excludesHigh: Bool)
        -> RegularExpression
    {
        let (low, high) = (range.lowerBound, range.upperBound)
        let fraction = optional(.sequence([point, .repetition(anyDigit, 1, 6)]))
        let zeros = optional(.sequence([point, .repetition(digit(0...0), 1, 6)]))
        var parts: [RegularExpression] = []
        if low < high {
            if excludesLow {
                // At least one digit behind the point is not 0.
                let above = (0..<6).map { zeros in
                    RegularExpression.sequence([
                        .repetition(digit(0...0), zeros, zeros), digit(1...9), .repetition(anyDigit, 0, 5 - zeros),
                    ])
                }
                parts.append(.sequence([naturals(low...low), point, .alternatives(above)]))
                if low + 1 < high { parts.append(.sequence([naturals(low + 1...high - 1), fraction])) }
            } else {
                parts.append(.sequence([naturals(low...high - 1), fraction]))
            }
            if !excludesHigh { parts.append(.sequence([naturals(high...high), zeros])) }
        } else if !excludesLow, !excludesHigh {
            parts.append(.sequence([naturals(low...low), zeros]))
        }
        return .alternatives(parts)
    }

    /// Whole numbers of at least 0 in a range.
    private static func naturals(_ range: ClosedRange<Int>) -> RegularExpression {
        var parts: [RegularExpression] = []
        var low = range.lowerBound
        while low <= range.upperBound {
            let digits = String(low).utf8.map { $0 - 0x30 }
            let longest = digits.indices.reduce(0) { sum, _ in sum * 10 + 9 }
            let high = Swift.min(longest, range.upperBound)
            parts.append(between(digits[...], Array(String(high).utf8.map { $0 - 0x30 })[...]))
            low = longest + 1
        }
        return .alternatives(parts)
    }

    /// Digits between two equally long ones.
    private static func between(_ low: ArraySlice<UInt8>, _ high: ArraySlice<UInt8>) -> RegularExpression {
        guard let first = low.first, let last = high.first else { return .empty }
        if low.allSatisfy({ $0 == 0 }), high.allSatisfy({ $0 == 9 }) {
            return .repetition(anyDigit, low.count, low.count)
        }
        if first == last { return .sequence([digit(first...first), between(low.dropFirst(), high.dropFirst())]) }
        let nines = ArraySlice(repeating: 9 as UInt8, count: low.count - 1)
        let zeros = ArraySlice(repeating: 0 as UInt8, count: low.count - 1)
        var parts: [RegularExpression] = [
            .sequence([digit(first...first), between(low.dropFirst(), nines)]),
            .sequence([digit(last...last), between(zeros, high.dropFirst())]),
        ]
        if first + 1 < last {
            parts.append(.sequence([digit(first + 1...last - 1), .repetition(anyDigit, low.count - 1, low.count - 1)]))
        }
        return .alternatives(parts)
    }
}
