#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How far each pair of a head turns from one position to the next (Su et al., 2021), and how that is stretched to
/// contexts longer than the model was first trained on.
package struct RotaryScaling: Sendable, Hashable {
    package enum Method: Sendable, Hashable {
        /// The frequencies as they are.
        case none
        /// All frequencies divided by `factor` (position interpolation).
        case linear(factor: Double)
        /// Llama 3.1's: low frequencies divided by `factor`, high ones kept, a ramp between.
        case llama3(
            factor: Double,
            lowFrequencyFactor: Double,
            highFrequencyFactor: Double,
            originalContextLength: Double
        )
        /// YaRN (Peng et al., 2023).
        case yarn(YaRN)
    }

    package struct YaRN: Sendable, Hashable {
        package var factor: Double
        package var attentionFactor: Double
        package var betaFast: Double
        package var betaSlow: Double
        package var originalContextLength: Double
        /// Whether the ramp starts and ends at whole dimensions.
        package var truncates: Bool
    }

    package var theta: Double
    package var method: Method

    package init(theta: Double, method: Method = .none) {
        self.theta = theta
        self.method = method
    }

    /// What the cosines and sines are multiplied by.
    package var attentionFactor: Double {
        if case .yarn(let yarn) = method { yarn.attentionFactor } else { 1 }
    }

    /// Radians per position for each of the `headDim / 2` pairs.
    ///
    /// Computed in the float32 steps in which models are trained and in that order, so that they agree to the last bit
    /// or two.
    package func inverseFrequencies(headDim: Int) -> [Float] {
        let base = Float(theta)
        let wavelengths = stride(from: 0, to: headDim, by: 2).map { index in
            Float(pow(Double(base), Double(Float(index) / Float(headDim))))
        }
        let unscaled = wavelengths.map { 1 / $0 }
        switch method {
        case .none:
            return unscaled
        case .linear(let factor):
            return unscaled.map { $0 / Float(factor) }
        case .llama3(let factor, let low, let high, let original):
            return unscaled.map { Self.llama3($0, Float(factor), low: low, high: high, original: original) }
        case .yarn(let yarn):
            let ramp = yarn.ramp(headDim: headDim, theta: theta)
            return wavelengths.indices.map { index in
                let keep = 1 - ramp[index]
                return 1 / (Float(yarn.factor) * wavelengths[index]) * (1 - keep) + 1 / wavelengths[index] * keep
            }
        }
    }

    private static func llama3(_ frequency: Float, _ factor: Float, low: Double, high: Double, original: Double)
        -> Float
    {
        let wavelength = Float(2 * Double.pi) / frequency
        if wavelength > Float(original / low) { return frequency / factor }
        if wavelength < Float(original / high) { return frequency }
        let smooth = (Float(original) / wavelength - Float(low)) / Float(high - low)
        return (1 - smooth) * frequency / factor + smooth * frequency
    }
}

extension RotaryScaling.YaRN {
    /// 0 where a pair keeps its frequency, 1 where it is interpolated, for each pair.
    fileprivate func ramp(headDim: Int, theta: Double) -> [Float] {
        func dimension(rotations: Double) -> Double {
            Double(headDim) * log(originalContextLength / (rotations * 2 * Double.pi)) / (2 * log(theta))
        }
        var low = dimension(rotations: betaFast)
        var high = dimension(rotations: betaSlow)
        if truncates {
            low = low.rounded(.down)
            high = high.rounded(.up)
        }
        low = max(low, 0)
        high = min(high, Double(headDim - 1))
        if low == high { high += 0.001 }
        return (0..<headDim / 2).map { pair in
            min(max((Float(pair) - Float(low)) / Float(high - low), 0), 1)
        }
    }
}
