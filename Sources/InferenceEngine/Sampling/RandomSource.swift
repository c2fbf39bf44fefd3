/// Random numbers by position: each depends on the seed and its position alone.
///
/// So a request draws the same tokens alone or in a batch, and after a preemption. The mixing function is the one of
/// SplitMix64 (Steele, Lea and Flood, 2014).
package struct RandomSource {
    package var seed: UInt64

    package init(seed: UInt64) {
        self.seed = seed
    }

    /// A number in 0..<1.
    package func uniform(at position: Int) -> Double {
        // Mixing the seed first keeps the streams of neighbouring seeds from being shifted copies of each other.
        let bits = Self.mix(Self.mix(seed) ^ UInt64(truncatingIfNeeded: position))
        return Double(bits >> 11) * 0x1p-53
    }

    /// Bits that look random, one to one.
    package static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
