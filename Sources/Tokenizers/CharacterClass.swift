/// What the split patterns distinguish: `\p{L}`, `\p{M}`, `\p{N}`, `\s` with line ends apart, and all the rest.
enum CharacterClass: UInt8, Sendable {
    case other, letter, mark, number, space, lineEnd

    /// Characters newer than this count as `other`.
    ///
    /// The reference implementation's regular expressions know Unicode 16; the standard library may know more.
    static let newestUnicode = 16

    init(_ scalar: Unicode.Scalar) {
        let properties = scalar.properties
        if properties.isWhitespace {
            self = scalar == "\n" || scalar == "\r" ? .lineEnd : .space
            return
        }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
        case .nonspacingMark, .spacingMark, .enclosingMark: self = .mark
        case .decimalNumber, .letterNumber, .otherNumber: self = .number
        default:
            self = .other
            return
        }
        if (properties.age?.major ?? 0) > Self.newestUnicode { self = .other }
    }

    /// The class of every character of the basic plane, by code point.
    private static let basicPlane: [CharacterClass] = (UInt32(0)..<0x10000).map {
        Unicode.Scalar($0).map(CharacterClass.init) ?? .other
    }

    /// Looks classes up in valid UTF-8.
    struct Lookup: Sendable {
        private let table = CharacterClass.basicPlane

        /// The class of the character that starts at `index`, and how many bytes it takes.
        @inline(__always)
        func callAsFunction(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> (CharacterClass, Int) {
            let first = bytes[index]
            if first < 0x80 { return (table[Int(first)], 1) }
            let (scalar, length) = decodeScalar(bytes, at: index)
            if scalar < 0x10000 { return (table[Int(scalar)], length) }
            return (Unicode.Scalar(scalar).map(CharacterClass.init) ?? .other, length)
        }
    }
}

/// Decodes the character that starts at `index` of valid UTF-8.
@inline(__always)
func decodeScalar(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> (scalar: UInt32, length: Int) {
    let first = UInt32(bytes[index])
    func tail(_ offset: Int) -> UInt32 { UInt32(bytes[index + offset] & 0x3F) }
    if first < 0x80 { return (first, 1) }
    if first < 0xE0 { return ((first & 0x1F) << 6 | tail(1), 2) }
    if first < 0xF0 { return ((first & 0x0F) << 12 | tail(1) << 6 | tail(2), 3) }
    return ((first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4)
}
