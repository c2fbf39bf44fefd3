package import InferenceEngine

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Foundation
#endif

/// How many tokens prompts or answers have.
package enum LengthDistribution: Sendable, Hashable {
    case constant(Int)
    /// Half are shorter than `median`, and one in twenty is longer than `p95`; none is longer than `longest`.
    case logNormal(median: Double, p95: Double, longest: Int)

    /// The 95th percentile of the standard normal distribution.
    private static let z95 = 1.6448536269514722
    /// The most tokens that a distribution may speak of.
    package static let longest = 1 << 20

    /// Reads `512`, or `6000:24000` for a median and the 95th percentile, or `6000:24000:40960` with the longest.
    package init(_ text: String, label: String) throws(CapacityError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        let numbers = parts.compactMap(\.self)
        guard numbers.count == parts.count, (1...3).contains(numbers.count),
            numbers.allSatisfy({ (1...Self.longest).contains($0) }), numbers == numbers.sorted()
        else {
            throw CapacityError(
                .invalidInput,
                "\(label) is '\(text)': give a number of tokens, or MEDIAN:P95 or MEDIAN:P95:LONGEST, from 1 to \(Self.longest) and none below the one before"
            )
        }
        self =
            numbers.count == 1
            ? .constant(numbers[0])
            : .logNormal(
                median: Double(numbers[0]),
                p95: Double(numbers[1]),
                longest: numbers.count == 3 ? numbers[2] : min(Self.longest, 4 * numbers[1])
            )
    }

    /// The length at `position` of the stream of a seed.
    package func sample(_ source: RandomSource, at position: Int) -> Int {
        switch self {
        case .constant(let count): return count
        case .logNormal(let median, _, let longest):
            // Box and Muller, 1958.
            let radius = (-2 * log(1 - source.uniform(at: 2 * position))).squareRoot()
            let normal = radius * cos(2 * Double.pi * source.uniform(at: 2 * position + 1))
            return min(longest, max(1, Int((median * exp(sigma * normal)).rounded())))
        }
    }

    /// The mean, rounding aside.
    package var mean: Double {
        switch self {
        case .constant(let count): return Double(count)
        case .logNormal(let median, _, let longest):
            guard sigma > 0 else { return min(median, Double(longest)) }
            let limit = log(Double(longest) / median)
            // Of the part below the limit, and of the limit for all above it.
            return median * exp(sigma * sigma / 2) * Self.normal(limit / sigma - sigma)
                + Double(longest) * (1 - Self.normal(limit / sigma))
        }
    }

    /// The longest that is drawn.
    package var longest: Int {
        switch self {
        case .constant(let count): count
        case .logNormal(_, _, let longest): longest
        }
    }

    private var sigma: Double {
        switch self {
        case .constant: 0
        case .logNormal(let median, let p95, _): log(p95 / median) / Self.z95
        }
    }

    /// The standard normal distribution's share below `x`.
    private static func normal(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }
}

extension LengthDistribution: CustomStringConvertible {
    package var description: String {
        switch self {
        case .constant(let count): "\(count)"
        case .logNormal(let median, let p95, let longest): "median \(Int(median)), p95 \(Int(p95)), at most \(longest)"
        }
    }
}
