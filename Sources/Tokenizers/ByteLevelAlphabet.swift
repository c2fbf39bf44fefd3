/// The 256 printable characters that byte-level vocabularies write bytes with: "Ġ" stands for a space, "Ċ" for a line feed.
///
/// The printable bytes of Latin-1 stand for themselves; the 68 others take the characters from U+0100 on, in order.
package enum ByteLevelAlphabet {
    /// The character that stands for each byte.
    package static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (UInt8.min...UInt8.max).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(byte)
            default:
                defer { next += 1 }
                return Unicode.Scalar(next) ?? "\u{FFFD}"
            }
        }
    }()

    /// The byte that each character up to U+0143 stands for; -1 where it stands for none.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = Int16(byte) }
        return bytes
    }()

    /// Writes bytes in the alphabet.
    package static func text(of bytes: some Sequence<UInt8>) -> String {
        var view = String.UnicodeScalarView()
        for byte in bytes { view.append(scalars[Int(byte)]) }
        return String(view)
    }

    /// Appends the bytes that a token's UTF-8 text stands for.
    ///
    /// Returns false, with nothing appended, when a character is outside the alphabet or the text is not UTF-8.
    static func appendBytes(of token: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) -> Bool {
        let start = output.count
        var index = 0
        while index < token.count {
            let first = token[index]
            var scalar = Int(first)
            index += 1
            if first >= 0x80 {
                // Every character of the alphabet is below U+0144, so it takes two bytes at most.
                guard 0xC2...0xC5 ~= first, index < token.count, token[index] & 0xC0 == 0x80 else {
                    output.removeSubrange(start...)
                    return false
                }
                scalar = (scalar & 0x1F) << 6 | Int(token[index] & 0x3F)
                index += 1
            }
            guard scalar < bytes.count, bytes[scalar] >= 0 else {
                output.removeSubrange(start...)
                return false
            }
            output.append(UInt8(truncatingIfNeeded: bytes[scalar]))
        }
        return true
    }
}
