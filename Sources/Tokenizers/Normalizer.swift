// `_nfc` is the standard library's own normalisation (Foundation reaches it in the same way); there is no public one
// that keeps code points apart from `String`'s canonical comparison.
@_spi(_Unicode) import Swift

/// What is done to a text before it is cut into words.
enum Normalizer: Sendable {
    case none
    /// Unicode's canonical composition, with the character data of Unicode 9, as the reference implementation has it.
    case composed

    /// Returns the normalised text, or nil when `text` is already that.
    func normalized(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        // Nothing below U+0300 (0xCC in UTF-8) is changed or reordered by composition.
        guard self == .composed, text.contains(where: { $0 >= 0xCC }) else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(text.count + 16)
        var segment = String.UnicodeScalarView()
        func flush() {
            for scalar in String(segment)._nfc { output.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
            segment.removeAll(keepingCapacity: true)
        }
        var index = 0
        while index < text.count {
            let (value, length) = decodeScalar(text, at: index)
            index += length
            guard let scalar = Unicode.Scalar(value) else { continue }
            switch value {
            // Signs of class 0 that decompose into marks of other classes: `_nfc` would take them for a border.
            case 0x0F73: segment.append(contentsOf: ["\u{0F71}", "\u{0F72}"])
            case 0x0F75: segment.append(contentsOf: ["\u{0F71}", "\u{0F74}"])
            case 0x0F81: segment.append(contentsOf: ["\u{0F71}", "\u{0F80}"])
            case 0x300... where (scalar.properties.age?.major ?? 99) > 9:
                // Unknown to Unicode 9: neither composed nor reordered, so a border between two segments.
                flush()
                output.append(contentsOf: text[index - length..<index])
            default: segment.append(scalar)
            }
        }
        flush()
        return output
    }
}
