/// Reads what a terminal sends for keys: UTF-8, control characters and escape sequences (ECMA-48, and xterm's for keys
/// and for pasted text).
struct KeyReader {
    /// The next byte; nil at the end of the input.
    private let source: () -> UInt8?
    /// A byte that was read and belongs to what comes next.
    private var pending: UInt8?

    /// The longest escape sequence that is read; what is longer is none.
    private static let longestSequence = 32
    /// What ends pasted text.
    private static let pasteEnd = Array("\u{1b}[201~".utf8)
    /// The most bytes of one paste; the rest is taken as typed.
    private static let longestPaste = 1 << 20

    init(nextByte: @escaping () -> UInt8?) {
        source = nextByte
    }

    /// The next key; nil at the end of the input.
    mutating func next() -> Key? {
        guard let byte = nextByte() else { return nil }
        return switch byte {
        case 0x01: .home
        case 0x02: .left
        case 0x03: .interrupt
        case 0x04: .endOfInput
        case 0x05: .end
        case 0x06: .right
        case 0x08, 0x7F: .backspace
        case 0x09: .tab
        case 0x0B: .deleteToEnd
        case 0x0C: .clearScreen
        // What was typed before keys were read one by one ends its lines with the other one.
        case 0x0A, 0x0D: .enter
        case 0x0E: .down
        case 0x10: .up
        case 0x15: .deleteToStart
        case 0x17: .deleteWord
        case 0x1A: .suspend
        case 0x1B: escape()
        case 0x00..<0x20: .other
        default: character(byte)
        }
    }

    private mutating func nextByte() -> UInt8? {
        defer { pending = nil }
        return pending ?? source()
    }

    /// A character of UTF-8 of which this is the first byte.
    private mutating func character(_ first: UInt8) -> Key? {
        var bytes = [first]
        let count =
            switch first {
            case 0xC2..<0xE0: 2
            case 0xE0..<0xF0: 3
            case 0xF0..<0xF5: 4
            default: 1
            }
        while bytes.count < count {
            guard let byte = nextByte() else { return nil }
            guard (0x80..<0xC0).contains(byte) else {
                pending = byte
                return .other
            }
            bytes.append(byte)
        }
        return String(validating: bytes, as: UTF8.self).map(Key.text) ?? .other
    }

    private mutating func escape() -> Key? {
        guard let byte = nextByte() else { return nil }
        switch byte {
        case UInt8(ascii: "["): return controlSequence()
        case UInt8(ascii: "O"):
            guard let final = nextByte() else { return nil }
            return Self.cursorKey(final, withModifier: false)
        case 0x0A, 0x0D: return .lineBreak
        case UInt8(ascii: "b"): return .wordLeft
        case UInt8(ascii: "f"): return .wordRight
        case 0x08, 0x7F: return .deleteWord
        default: return .other
        }
    }

    /// What follows `ESC [`: parameters, and a byte that ends them.
    private mutating func controlSequence() -> Key? {
        var parameters: [UInt8] = []
        while true {
            guard let byte = nextByte() else { return nil }
            guard (0x20..<0x40).contains(byte), parameters.count < Self.longestSequence else {
                return key(String(decoding: parameters, as: UTF8.self), byte)
            }
            parameters.append(byte)
        }
    }

    private mutating func key(_ parameters: String, _ final: UInt8) -> Key? {
        guard final == UInt8(ascii: "~") else {
            return Self.cursorKey(final, withModifier: parameters.contains(";"))
        }
        switch parameters.prefix(while: { $0 != ";" }) {
        case "1", "7": return .home
        case "4", "8": return .end
        case "3": return .delete
        case "200": return paste()
        default: return .other
        }
    }

    private static func cursorKey(_ final: UInt8, withModifier: Bool) -> Key {
        switch final {
        case UInt8(ascii: "A"): .up
        case UInt8(ascii: "B"): .down
        case UInt8(ascii: "C"): withModifier ? .wordRight : .right
        case UInt8(ascii: "D"): withModifier ? .wordLeft : .left
        case UInt8(ascii: "H"): .home
        case UInt8(ascii: "F"): .end
        default: .other
        }
    }

    /// Everything up to the end of the pasted text, in which line breaks are line breaks.
    private mutating func paste() -> Key? {
        var bytes: [UInt8] = []
        while bytes.count < Self.longestPaste, !bytes.ends(with: Self.pasteEnd) {
            guard let byte = nextByte() else { return nil }
            bytes.append(byte)
        }
        if bytes.ends(with: Self.pasteEnd) { bytes.removeLast(Self.pasteEnd.count) }
        return .text(String(decoding: bytes, as: UTF8.self))
    }
}

extension [UInt8] {
    fileprivate func ends(with other: [UInt8]) -> Bool { suffix(other.count).elementsEqual(other) }
}
