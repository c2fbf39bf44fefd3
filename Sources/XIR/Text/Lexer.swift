/// Cuts XIR text into tokens; spaces, line ends and comments (`//` to the end of the line) stand between them.
struct Lexer: Sendable {
    let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The next token; `.end` again and again at the end of the text.
    mutating func next() throws(XIRError) -> Token {
        skipBlanks()
        let start = offset
        guard let byte = peek() else { return Token(kind: .end, offset: start) }
        switch byte {
        case UInt8(ascii: "\""): return Token(kind: .string(try string()), offset: start)
        case UInt8(ascii: "%"):
            offset += 1
            return Token(kind: .value(try valueName(start)), offset: start)
        case UInt8(ascii: "@"):
            offset += 1
            return Token(kind: .global(try name(after: "@")), offset: start)
        case _ where isDigit(byte): return Token(kind: .number(try number()), offset: start)
        case _ where isWordByte(byte): return Token(kind: .word(takeWord()), offset: start)
        case _ where Self.punctuation.contains(byte):
            offset += 1
            return Token(kind: .punctuation(Character(Unicode.Scalar(byte))), offset: start)
        default: throw error("there is no such character in XIR outside quotation marks", at: start)
        }
    }

    /// A `.syntax` error that says where in the text it is, counted in lines and characters from 1.
    func error(_ message: String, at offset: Int) -> XIRError {
        let before = bytes[..<min(offset, bytes.count)]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let lineStart = (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        // Every byte of UTF-8 but the continuation bytes begins a character.
        let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
        return XIRError(.syntax, "line \(line), column \(column): \(message)")
    }

    private static let punctuation = Set("()[]{},:=+-*".utf8)

    private func peek(_ distance: Int = 0) -> UInt8? {
        offset + distance < bytes.count ? bytes[offset + distance] : nil
    }

    private mutating func skipBlanks() {
        while let byte = peek() {
            if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "/") {
                while let next = peek(), next != UInt8(ascii: "\n") { offset += 1 }
            } else if [0x20, 0x09, 0x0A, 0x0D].contains(byte) {
                offset += 1
            } else {
                return
            }
        }
    }

    private mutating func takeWord() -> String {
        let start = offset
        while let byte = peek(), isWordByte(byte) { offset += 1 }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func digits() -> String {
        let start = offset
        while let byte = peek(), isDigit(byte) { offset += 1 }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func name(after mark: String) throws(XIRError) -> String {
        guard let byte = peek() else { throw error("expected a name after '\(mark)', found the end", at: offset) }
        if byte == UInt8(ascii: "\"") { return try string() }
        guard isWordByte(byte), !isDigit(byte) else { throw error("expected a name after '\(mark)'", at: offset) }
        return takeWord()
    }

    private mutating func valueName(_ start: Int) throws(XIRError) -> ValueName {
        if let byte = peek(), isDigit(byte) {
            let text = takeWord()
            guard let number = Int(text) else {
                throw error("'%\(text)' is neither a number nor a name; quote it as %\"\(text)\"", at: start)
            }
            return .numbered(number)
        }
        let name = try name(after: "%")
        guard peek() == UInt8(ascii: "#") else { return .named(name, 0) }
        offset += 1
        guard let ordinal = Int(digits()) else { throw error("expected a number after '#'", at: offset) }
        return .named(name, ordinal)
    }

    private mutating func number() throws(XIRError) -> String {
        let start = offset
        if peek() == UInt8(ascii: "0"), peek(1) == UInt8(ascii: "x") { return takeWord() }
        var text = digits()
        if peek() == UInt8(ascii: "."), let next = peek(1), isDigit(next) {
            offset += 1
            text += "." + digits()
        }
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            let sign = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-") ? 1 : 0
            if let next = peek(1 + sign), isDigit(next) {
                text += String(decoding: bytes[offset...offset + sign], as: UTF8.self)
                offset += 1 + sign
                text += digits()
            }
        }
        if let byte = peek(), isWordByte(byte) { throw error("a number runs into a word", at: start) }
        return text
    }

    private mutating func string() throws(XIRError) -> String {
        let start = offset
        offset += 1
        var content: [UInt8] = []
        while let byte = peek(), byte != UInt8(ascii: "\n") {
            offset += 1
            if byte == UInt8(ascii: "\"") {
                guard let string = String(validating: content, as: UTF8.self) else {
                    throw error("a string is not valid UTF-8", at: start)
                }
                return string
            }
            if byte == UInt8(ascii: "\\") { content += try escape() } else { content.append(byte) }
        }
        throw error("a string without its closing quotation mark", at: start)
    }

    private mutating func escape() throws(XIRError) -> [UInt8] {
        let start = offset
        guard let byte = peek() else { return [] }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [byte]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            if peek() == UInt8(ascii: "{") {
                offset += 1
                let code = takeWord()
                if code.utf8.count <= 6, let value = UInt32(code, radix: 16), let scalar = Unicode.Scalar(value),
                    peek() == UInt8(ascii: "}")
                {
                    offset += 1
                    return Array(String(Character(scalar)).utf8)
                }
            }
            fallthrough
        default: throw error("after '\\' stand \", \\, n, r, t or u{...} with a character's number", at: start)
        }
    }
}
