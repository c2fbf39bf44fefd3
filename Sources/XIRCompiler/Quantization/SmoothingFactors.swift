import Tensors

/// Chooses the factors of one place where large channels may move from activations into weights.
///
/// Candidates are s(j) = activation(j)^a / weight(j)^b around their median, in powers of two; the one with the least expected
/// error is taken, and none at all where it does not spare half of it. Rounding in a group is as coarse as the group's
/// largest number, so with magnitudes x and w in the channels of group g the squared error is about
///
///     sum over g of (max x / 127)^2 * sum of w^2 + (max w / largest)^2 * sum of x^2
struct SmoothingFactors {
    /// Inputs that share a scale.
    let group: Int
    /// The largest whole number of a weight: 127 or 7.
    let largest: Int

    private static let exponents: [(activation: Float, weight: Float)] = [
        (0.5, 0.5), (1, 0), (0, 1), (0.75, 0.25), (0.25, 0.75), (0.25, 0.25),
    ]

    /// One factor for each channel, or nil to leave all as they are.
    ///
    /// `channels` says the channel of each column where several columns share one.
    func choose(activations: [Float], weights: [Float], channels: [Int]? = nil) -> [Float]? {
        let logarithms = zip(activations, weights).map { (Self.logarithm($0), Self.logarithm($1)) }
        func error(_ factors: [Float]?) -> Float {
            func each(_ values: [Float], _ power: Int) -> [Float] {
                let scaled = factors.map { zip(values, $0).map { power > 0 ? $0 * $1 : $0 / $1 } } ?? values
                return channels.map { $0.map { scaled[$0] } } ?? scaled
            }
            return expectedError(activations: each(activations, -1), weights: each(weights, 1))
        }
        var (best, least): ([Float]?, Float) = (nil, 0.5 * error(nil))
        for (a, b) in Self.exponents {
            let wanted = logarithms.map { x, w -> Float? in
                guard let x, let w else { return nil }
                return a * x - b * w
            }
            let known = wanted.compactMap { $0 }.sorted()
            guard !known.isEmpty else { return nil }
            let median = known[known.count / 2]
            let factors = wanted.map { value in
                let exponent = min(max((value.map { $0 - median } ?? 0).rounded(), -12), 12)
                return Float(sign: .plus, exponent: Int(exponent), significand: 1)
            }
            let found = error(factors)
            if found < least { (best, least) = (factors, found) }
        }
        return best
    }

    private func expectedError(activations: [Float], weights: [Float]) -> Float {
        var sum: Float = 0
        for start in stride(from: 0, to: weights.count, by: group) {
            let range = start..<min(start + group, weights.count)
            var (x, w) = (Extremes(), Extremes())
            for i in range {
                x.add(activations[i])
                w.add(weights[i])
            }
            let (coarseX, coarseW) = (x.largest / 127, w.largest / Float(largest))
            sum += coarseX * coarseX * w.squares + coarseW * coarseW * x.squares
        }
        return sum
    }

    private struct Extremes {
        var largest: Float = 0
        var squares: Float = 0

        mutating func add(_ value: Float) {
            largest = max(largest, value)
            squares += value * value
        }
    }

    /// The binary logarithm of a magnitude, near enough; nil for nothing and what is out of range.
    private static func logarithm(_ magnitude: Float) -> Float? {
        guard magnitude.isNormal, magnitude > 0 else { return nil }
        return Float(magnitude.exponent) + magnitude.significand - 1
    }
}
