/// Turns ids into text as they arrive, without ever giving half a character.
///
/// A token may end inside a character; its bytes wait until the character is whole or cannot become whole. All the
/// text given, put together, equals `Tokenizer.decode` of all the ids.
package struct StreamingDetokenizer: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecial: Bool
    private var pending: [UInt8] = []

    package init(tokenizer: Tokenizer, skipSpecial: Bool = true) {
        self.tokenizer = tokenizer
        self.skipSpecial = skipSpecial
    }

    /// Adds an id and returns the text that is now certain; often a word, sometimes nothing.
    package mutating func append(_ id: Int) -> String {
        if skipSpecial && tokenizer.isSpecial(id) { return "" }
        guard let bytes = tokenizer.bytes(of: id) else { return "" }
        pending.append(contentsOf: bytes)
        let whole = pending.count - Self.unfinishedTail(of: pending)
        let text = String(decoding: pending[..<whole], as: UTF8.self)
        pending.removeSubrange(..<whole)
        return text
    }

    /// Ends the text: what waits for more bytes becomes U+FFFD.
    package mutating func finish() -> String {
        defer { pending.removeAll() }
        return String(decoding: pending, as: UTF8.self)
    }

    /// How many bytes at the end (0 to 3) begin a character that more bytes could finish (Unicode, table 3-7).
    private static func unfinishedTail(of bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let lead = bytes[bytes.count - length]
            if lead & 0xC0 == 0x80 { continue }
            let needed =
                switch lead {
                case 0xC2...0xDF: 2
                case 0xE0...0xEF: 3
                case 0xF0...0xF4: 4
                default: 1
                }
            guard length < needed else { return 0 }
            guard length >= 2 else { return length }
            let second = bytes[bytes.count - length + 1]
            let allowed: ClosedRange<UInt8> =
                switch lead {
                case 0xE0: 0xA0...0xBF
                case 0xED: 0x80...0x9F
                case 0xF0: 0x90...0xBF
                case 0xF4: 0x80...0x8F
                default: 0x80...0xBF
                }
            return allowed.contains(second) ? length : 0
        }
        return 0
    }
}
