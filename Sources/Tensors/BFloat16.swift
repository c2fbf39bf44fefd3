/// The upper half of a float32: eight exponent bits and seven fraction bits.
package struct BFloat16: Sendable, Hashable, BitwiseCopyable {
    package var bitPattern: UInt16

    package init(bitPattern: UInt16) {
        self.bitPattern = bitPattern
    }

    /// Rounds to the nearest value, ties to even; a NaN stays a (quiet) NaN.
    package init(_ value: Float) {
        let bits = value.bitPattern
        if value.isNaN {
            bitPattern = UInt16(truncatingIfNeeded: bits >> 16) | 0x0040
        } else {
            let roundingBias: UInt32 = 0x7FFF + ((bits >> 16) & 1)
            bitPattern = UInt16(truncatingIfNeeded: (bits &+ roundingBias) >> 16)
        }
    }

    /// The same value as float32, exactly.
    package var float: Float {
        Float(bitPattern: UInt32(bitPattern) << 16)
    }
}

/// IEEE 754 half precision as bits, for processors on which Swift has no `Float16`.
package enum Half {
    /// The float32 value of half-precision bits, exactly.
    package static func float(bitPattern bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1F
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0:
            // Subnormal: fraction * 2^-24.
            let magnitude = Float(fraction) * 0x1p-24
            return Float(bitPattern: magnitude.bitPattern | sign)
        case 0x1F:
            return Float(bitPattern: sign | 0x7F80_0000 | (fraction << 13))
        default:
            return Float(bitPattern: sign | ((exponent + 112) << 23) | (fraction << 13))
        }
    }

    /// Half-precision bits of the smallest value that is not below a positive one; too large becomes infinity.
    package static func bitPatternRoundedUp(_ value: Float) -> UInt16 {
        let nearest = bitPattern(value)
        return float(bitPattern: nearest) < value ? nearest + 1 : nearest
    }

    /// Half-precision bits of the nearest value, ties to even; too large becomes infinity.
    package static func bitPattern(_ value: Float) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: (value.bitPattern >> 16) & 0x8000)
        let magnitude = value.magnitude
        if value.isNaN { return sign | 0x7E00 }
        if magnitude >= 65520 { return sign | 0x7C00 }
        if magnitude < 0x1p-14 {
            return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
        }
        let bits = magnitude.bitPattern
        let rounded = bits &+ 0xFFF &+ ((bits >> 13) & 1)
        return sign | UInt16(truncatingIfNeeded: (rounded >> 13) &- (112 << 10))
    }
}
