/// How ranges of characters look as bytes: sequences of byte ranges.
enum ByteSequences {
    /// As UTF-8, except for quotes, backslashes and control characters `inString`, which are escaped as JSON does.
    static func of(_ ranges: [ClosedRange<UInt32>], inString: Bool) -> [[ClosedRange<UInt8>]] {
        var sequences: [[ClosedRange<UInt8>]] = []
        let plainRanges: [ClosedRange<UInt32>] = inString ? [0x20...0x21, 0x23...0x5B, 0x5D...0x7F] : [0...0x7F]
        for range in ranges {
            for control in range.clamped(to: 0...0x1F) where inString && range.contains(control) {
                sequences.append(escape(UInt8(control)))
            }
            for quoted in [0x22, 0x5C] as [UInt32] where inString && range.contains(quoted) {
                sequences.append([0x5C...0x5C, UInt8(quoted)...UInt8(quoted)])
            }
            for plain in plainRanges where plain.overlaps(range) {
                let common = range.clamped(to: plain)
                sequences.append([UInt8(common.lowerBound)...UInt8(common.upperBound)])
            }
            for long in [0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF] as [ClosedRange<UInt32>]
            where long.overlaps(range) {
                utf8(range.clamped(to: long), &sequences)
            }
        }
        return sequences
    }

    private static func escape(_ control: UInt8) -> [ClosedRange<UInt8>] {
        let short: [UInt8: Character] = [8: "b", 9: "t", 10: "n", 12: "f", 13: "r"]
        let digits = Array("0123456789abcdef")
        let text = short[control].map { "\\\($0)" } ?? "\\u00\(digits[Int(control >> 4)])\(digits[Int(control & 15)])"
        return text.utf8.map { $0...$0 }
    }

    /// Splits a range, whose characters have equally many bytes, until bytes vary independently of each other.
    private static func utf8(_ range: ClosedRange<UInt32>, _ sequences: inout [[ClosedRange<UInt8>]]) {
        let (low, high) = (range.lowerBound, range.upperBound)
        for count in 1..<4 as Range<UInt32> {
            let mask = 1 << (6 * count) - 1 as UInt32
            guard low & ~mask != high & ~mask else { continue }
            if low & mask != 0 {
                utf8(low...(low | mask), &sequences)
                return utf8((low | mask) + 1...high, &sequences)
            }
            if high & mask != mask {
                utf8(low...(high & ~mask) - 1, &sequences)
                return utf8(high & ~mask...high, &sequences)
            }
        }
        sequences.append(zip(encode(low), encode(high)).map { $0...$1 })
    }

    private static func encode(_ character: UInt32) -> [UInt8] {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(0x80 | (character >> shift & 0x3F)) }
        switch character {
        case ..<0x80: return [UInt8(character)]
        case ..<0x800: return [UInt8(0xC0 | character >> 6), tail(0)]
        case ..<0x10000: return [UInt8(0xE0 | character >> 12), tail(6), tail(0)]
        default: return [UInt8(0xF0 | character >> 18), tail(12), tail(6), tail(0)]
        }
    }
}
