/// Reads JSON (RFC 8259) from bytes, one value at a time, without building what the caller does not ask for.
///
/// A vocabulary of 150,000 entries is read member by member straight into its tables; small parts become `JSONValue`.
/// Nesting is limited, and every error names the source and the byte offset. As in Python's `json`, `NaN`, `Infinity`
/// and `-Infinity` are accepted.
struct JSONReader {
    static let deepest = 256

    private let bytes: UnsafeBufferPointer<UInt8>
    private let name: String
    private var position = 0
    private var depth = 0

    /// Calls `body` with a reader at the start of `bytes` and checks that nothing but white space is left after it.
    static func read<Result>(
        _ bytes: [UInt8],
        name: String,
        _ body: (inout JSONReader) throws(TokenizerError) -> Result
    ) throws(TokenizerError) -> Result {
        try bytes.withUnsafeBufferPointer { (buffer) throws(TokenizerError) in
            var reader = JSONReader(bytes: buffer, name: name)
            if buffer.count >= 3 && buffer[0] == 0xEF && buffer[1] == 0xBB && buffer[2] == 0xBF { reader.position = 3 }
            let result = try body(&reader)
            guard reader.peek() == nil else { throw reader.failure("text after the end of the value") }
            return result
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, name: String) {
        self.bytes = bytes
        self.name = name
    }

    func failure(_ reason: String) -> TokenizerError {
        TokenizerError(.malformedFile, "\(name): byte \(position): \(reason)")
    }

    /// The first byte of what comes next, white space skipped; nil at the end.
    mutating func peek() -> UInt8? {
        while position < bytes.count {
            let byte = bytes[position]
            if byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 { return byte }
            position += 1
        }
        return nil
    }

    private mutating func expect(_ byte: UInt8) throws(TokenizerError) {
        guard peek() == byte else {
            throw failure("expected '\(Character(Unicode.Scalar(byte)))', found \(describeNext())")
        }
        position += 1
    }

    private mutating func describeNext() -> String {
        guard let byte = peek() else { return "the end" }
        return byte < 0x80 && byte >= 0x20
            ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
    }

    private mutating func enter() throws(TokenizerError) {
        depth += 1
        guard depth <= Self.deepest else { throw failure("nested more than \(Self.deepest) levels deep") }
    }

    /// Calls `member` at each value of an object with the key before it; `member` must read exactly that value.
    mutating func object(
        _ member: (_ key: String, inout JSONReader) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        try keyBytes { (key, reader) throws(TokenizerError) in
            guard let text = String(validating: key, as: UTF8.self) else {
                throw reader.failure("a key is not valid UTF-8")
            }
            try member(text, &reader)
        }
    }

    /// As `object`, with the key as its bytes, valid only during the call.
    mutating func keyBytes(
        _ member: (_ key: UnsafeBufferPointer<UInt8>, inout JSONReader) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        try expect(0x7B)
        try enter()
        if peek() == 0x7D {
            position += 1
            depth -= 1
            return
        }
        while true {
            guard peek() == 0x22 else { throw failure("expected a key, found \(describeNext())") }
            var scratch: [UInt8] = []
            let range = try stringRange(&scratch)
            if let range {
                let key = UnsafeBufferPointer(rebasing: bytes[range])
                try expect(0x3A)
                try member(key, &self)
            } else {
                try expect(0x3A)
                try scratch.withUnsafeBufferPointer { (key) throws(TokenizerError) in try member(key, &self) }
            }
            if peek() == 0x2C {
                position += 1
                continue
            }
            try expect(0x7D)
            depth -= 1
            return
        }
    }

    /// Calls `element` at each element of an array; it must read exactly that value.
    mutating func array(_ element: (inout JSONReader) throws(TokenizerError) -> Void) throws(TokenizerError) {
        try expect(0x5B)
        try enter()
        if peek() == 0x5D {
            position += 1
            depth -= 1
            return
        }
        while true {
            try element(&self)
            if peek() == 0x2C {
                position += 1
                continue
            }
            try expect(0x5D)
            depth -= 1
            return
        }
    }

    /// Calls `body` with the bytes of a string, escapes resolved; they are valid only during the call.
    mutating func stringBytes<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(TokenizerError) -> Result
    ) throws(TokenizerError) -> Result {
        guard peek() == 0x22 else { throw failure("expected a string, found \(describeNext())") }
        var scratch: [UInt8] = []
        if let range = try stringRange(&scratch) { return try body(UnsafeBufferPointer(rebasing: bytes[range])) }
        return try scratch.withUnsafeBufferPointer { (buffer) throws(TokenizerError) in try body(buffer) }
    }

    mutating func string() throws(TokenizerError) -> String {
        let text = try stringBytes { (buffer) throws(TokenizerError) in String(validating: buffer, as: UTF8.self) }
        guard let text else { throw failure("a string is not valid UTF-8") }
        return text
    }

    mutating func int() throws(TokenizerError) -> Int {
        guard case .int(let value) = try number() else { throw failure("expected a whole number") }
        return value
    }

    mutating func value() throws(TokenizerError) -> JSONValue {
        switch peek() {
        case 0x7B:
            var result = JSONObject()
            try object { (key, reader) throws(TokenizerError) in result[key] = try reader.value() }
            return .object(result)
        case 0x5B:
            var result: [JSONValue] = []
            try array { (reader) throws(TokenizerError) in result.append(try reader.value()) }
            return .array(result)
        case 0x22: return .string(try string())
        case 0x74: return try word("true", .bool(true))
        case 0x66: return try word("false", .bool(false))
        case 0x6E: return try word("null", .null)
        case 0x4E: return try word("NaN", .double(.nan))
        case 0x49: return try word("Infinity", .double(.infinity))
        case 0x2D?, (0x30...0x39)?: return try number()
        default: throw failure("expected a value, found \(describeNext())")
        }
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(TokenizerError) -> JSONValue {
        let end = position + text.utf8CodeUnitCount
        guard end <= bytes.count, (position..<end).allSatisfy({ bytes[$0] == text.utf8Start[$0 - position] }) else {
            throw failure("expected \(text)")
        }
        position = end
        return value
    }

    private mutating func number() throws(TokenizerError) -> JSONValue {
        _ = peek()
        let start = position
        func byte(_ offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }
        func isDigit(_ offset: Int) -> Bool { 0x30...0x39 ~= byte(offset) }
        var end = position
        if byte(end) == 0x2D {
            end += 1
            if byte(end) == 0x49 {
                position = end
                return try word("Infinity", .double(-.infinity))
            }
        }
        guard isDigit(end) else { throw failure("expected a number") }
        if byte(end) == 0x30 { end += 1 } else { while isDigit(end) { end += 1 } }
        var isWhole = true
        if byte(end) == 0x2E, isDigit(end + 1) {
            isWhole = false
            end += 1
            while isDigit(end) { end += 1 }
        }
        if byte(end) | 0x20 == 0x65 {
            var exponent = end + 1
            if byte(exponent) == 0x2B || byte(exponent) == 0x2D { exponent += 1 }
            if isDigit(exponent) {
                isWhole = false
                while isDigit(exponent) { exponent += 1 }
                end = exponent
            }
        }
        position = end
        let text = String(decoding: bytes[start..<end], as: UTF8.self)
        if isWhole, let value = Int(text) { return .int(value) }
        guard let value = Double(text) else { throw failure("\(text) is not a number") }
        return .double(value)
    }

    /// Moves past a string.
    ///
    /// Returns the range of its bytes, or nil when it has escapes and `scratch` holds its bytes.
    private mutating func stringRange(_ scratch: inout [UInt8]) throws(TokenizerError) -> Range<Int>? {
        position += 1
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x22 {
                position += 1
                return start..<(position - 1)
            }
            if byte == 0x5C { break }
            guard byte >= 0x20 else { throw failure("a control character inside a string") }
            position += 1
        }
        scratch.append(contentsOf: bytes[start..<min(position, bytes.count)])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case 0x22: return nil
            case 0x5C: try escape(&scratch)
            case 0..<0x20: throw failure("a control character inside a string")
            default: scratch.append(byte)
            }
        }
        throw failure("a string without an end")
    }

    private mutating func escape(_ scratch: inout [UInt8]) throws(TokenizerError) {
        guard position < bytes.count else { throw failure("a string without an end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case 0x22, 0x5C, 0x2F: scratch.append(byte)
        case 0x62: scratch.append(0x08)
        case 0x66: scratch.append(0x0C)
        case 0x6E: scratch.append(0x0A)
        case 0x72: scratch.append(0x0D)
        case 0x74: scratch.append(0x09)
        case 0x75:
            var code = try hexDigits()
            if 0xD800..<0xDC00 ~= code, position + 1 < bytes.count, bytes[position] == 0x5C, bytes[position + 1] == 0x75
            {
                position += 2
                let low = try hexDigits()
                guard 0xDC00..<0xE000 ~= low else { throw failure("half of a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw failure("half of a surrogate pair") }
            scratch.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: throw failure("an unknown escape in a string")
        }
    }

    private mutating func hexDigits() throws(TokenizerError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw failure("a short \\u escape") }
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue, bytes[position] < 0x80 else {
                throw failure("a \\u escape that is not hexadecimal")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}
