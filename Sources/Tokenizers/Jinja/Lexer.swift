/// Cuts a template into text and tokens, with the white space control that chat templates are written for.
///
/// As Jinja with `trim_blocks` and `lstrip_blocks`: the line end after a block tag and the indentation before one do not
/// count; `{%-` and `-%}` strip all white space on their side, `{%+` and `+%}` keep it.
struct Lexer {
    enum Token: Equatable {
        case text(String)
        case variableBegin, variableEnd, blockBegin, blockEnd
        case name(String)
        case string(String)
        case int(Int)
        case float(Double)
        case symbol(String)
        case end
    }

    private let source: [UInt8]
    private var position = 0
    private var line = 1
    private var lineStarting = true
    private var tokens: [(token: Token, line: Int)] = []

    static func tokens(of template: String) throws(TokenizerError) -> [(token: Token, line: Int)] {
        var lexer = Lexer(template)
        try lexer.run()
        return lexer.tokens
    }

    private init(_ template: String) {
        var source: [UInt8] = []
        var wasReturn = false
        for byte in template.utf8 {
            if byte == 0x0D { source.append(0x0A) } else if byte != 0x0A || !wasReturn { source.append(byte) }
            wasReturn = byte == 0x0D
        }
        if source.last == 0x0A { source.removeLast() }
        self.source = source
    }

    private func failure(_ reason: String) -> TokenizerError {
        TokenizerError(.templateSyntax, "chat template, line \(line): \(reason)")
    }

    private func byte(_ offset: Int) -> UInt8 { offset < source.count ? source[offset] : 0 }

    private func has(_ text: StaticString, at offset: Int) -> Bool {
        guard offset + text.utf8CodeUnitCount <= source.count else { return false }
        for index in 0..<text.utf8CodeUnitCount where source[offset + index] != text.utf8Start[index] { return false }
        return true
    }

    private mutating func emit(_ token: Token) { tokens.append((token, line)) }

    private mutating func advance(to end: Int) {
        for index in position..<end where source[index] == 0x0A { line += 1 }
        position = end
    }

    private mutating func run() throws(TokenizerError) {
        while position < source.count {
            var tag = position
            while tag < source.count,
                !(source[tag] == 0x7B && (byte(tag + 1) == 0x7B || byte(tag + 1) == 0x25 || byte(tag + 1) == 0x23))
            {
                tag += 1
            }
            guard tag < source.count else {
                emit(.text(String(decoding: source[position...], as: UTF8.self)))
                break
            }
            let kind = source[tag + 1]
            let sign = byte(tag + 2)
            emitText(upTo: tag, sign: sign, isVariable: kind == 0x7B)
            advance(to: tag + (sign == 0x2D || sign == 0x2B ? 3 : 2))
            switch kind {
            case 0x23: try skipComment()
            case 0x25:
                if let end = rawBlockBegin() { try rawBlock(end) } else { try code(.blockBegin, .blockEnd) }
            default: try code(.variableBegin, .variableEnd)
            }
        }
        emit(.end)
    }

    /// Emits the text before a tag, stripped as the tag's sign and kind ask.
    private mutating func emitText(upTo tag: Int, sign: UInt8, isVariable: Bool) {
        var end = tag
        if sign == 0x2D {
            let text = Text(String(decoding: source[position..<tag], as: UTF8.self)).stripped(left: false)
            end = position + text.string.utf8.count
        } else if sign != 0x2B && !isVariable {
            let lineStart = (source[position..<tag].lastIndex(of: 0x0A) ?? position - 1) + 1
            if lineStart > position || lineStarting {
                let indentation = String(decoding: source[lineStart..<tag], as: UTF8.self)
                if indentation.unicodeScalars.allSatisfy(Text.isSpace) { end = lineStart }
            }
        }
        if end > position { emit(.text(String(decoding: source[position..<end], as: UTF8.self))) }
        advance(to: tag)
    }

    /// Moves past a tag's end and the white space that belongs to it.
    ///
    /// `sign` is where its optional sign stands.
    private mutating func close(sign: Int, trimsLine: Bool) {
        let hasSign = source[sign] == 0x2D || source[sign] == 0x2B
        var end = sign + (hasSign ? 3 : 2)
        if source[sign] == 0x2D {
            while end < source.count {
                let (scalar, length) = source.withUnsafeBufferPointer { decodeScalar($0, at: end) }
                guard let scalar = Unicode.Scalar(scalar), Text.isSpace(scalar) else { break }
                end += length
            }
        } else if !hasSign && trimsLine && byte(end) == 0x0A {
            end += 1
        }
        advance(to: end)
        lineStarting = source[end - 1] == 0x0A
    }

    private mutating func skipComment() throws(TokenizerError) {
        var end = position
        while !has("#}", at: end) {
            end += 1
            guard end < source.count else { throw failure("a comment without an end") }
        }
        let hasSign = end > position && (source[end - 1] == 0x2D || source[end - 1] == 0x2B)
        close(sign: hasSign ? end - 1 : end, trimsLine: true)
    }

    /// The position of the sign or the end after `{% raw`, if that is what starts here.
    private func rawBlockBegin() -> Int? {
        let name = skipBlanks(position)
        guard has("raw", at: name) else { return nil }
        let end = skipBlanks(name + 3)
        return has("%}", at: end) || has("-%}", at: end) ? end : nil
    }

    private func skipBlanks(_ start: Int) -> Int {
        var index = start
        while 0x09...0x0D ~= byte(index) || byte(index) == 0x20 { index += 1 }
        return index
    }

    private mutating func rawBlock(_ tagEnd: Int) throws(TokenizerError) {
        close(sign: tagEnd, trimsLine: false)
        var tag = position
        while tag < source.count {
            defer { tag += 1 }
            guard has("{%", at: tag) else { continue }
            let sign = byte(tag + 2)
            let name = skipBlanks(tag + (sign == 0x2D || sign == 0x2B ? 3 : 2))
            guard has("endraw", at: name) else { continue }
            let end = skipBlanks(name + 6)
            guard has("%}", at: end) || has("-%}", at: end) || has("+%}", at: end) else { continue }
            emitText(upTo: tag, sign: sign, isVariable: false)
            close(sign: end, trimsLine: true)
            return
        }
        throw failure("{% raw %} without {% endraw %}")
    }

    /// Reads what stands between the delimiters of a tag.
    private mutating func code(_ begin: Token, _ end: Token) throws(TokenizerError) {
        emit(begin)
        let closer: UInt8 = end == .blockEnd ? 0x25 : 0x7D
        var open: [UInt8] = []
        while position < source.count {
            let first = source[position]
            if open.isEmpty {
                let signed = first == 0x2D || (first == 0x2B && end == .blockEnd)
                let mark = position + (signed ? 1 : 0)
                if byte(mark) == closer && byte(mark + 1) == 0x7D {
                    emit(end)
                    close(sign: position, trimsLine: end == .blockEnd)
                    return
                }
            }
            switch first {
            case 0x09...0x0D, 0x20: advance(to: position + 1)
            case 0x30...0x39: try number()
            case 0x22, 0x27: try string(quote: first)
            case 0x41...0x5A, 0x61...0x7A, 0x5F, 0x80...:
                var last = position
                while isNameByte(byte(last)) { last += 1 }
                emit(.name(String(decoding: source[position..<last], as: UTF8.self)))
                position = last
            default: try symbol(&open)
            }
        }
        throw failure("a tag without an end")
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x80...: true
        default: false
        }
    }

    private mutating func symbol(_ open: inout [UInt8]) throws(TokenizerError) {
        let pairs: [StaticString] = ["//", "**", "==", "!=", "<=", ">="]
        if let pair = pairs.first(where: { has($0, at: position) }) {
            emit(.symbol(String(describing: pair)))
            position += 2
            return
        }
        let first = source[position]
        switch first {
        case 0x28: open.append(0x29)
        case 0x5B: open.append(0x5D)
        case 0x7B: open.append(0x7D)
        case 0x29, 0x5D, 0x7D:
            guard open.popLast() == first else { throw failure("'\(Character(Unicode.Scalar(first)))' closes nothing") }
        case _ where "+-/*%~<>=.:|,;".utf8.contains(first): break
        default: throw failure("unexpected '\(Character(Unicode.Scalar(first)))'")
        }
        emit(.symbol(String(Character(Unicode.Scalar(first)))))
        position += 1
    }

    private mutating func number() throws(TokenizerError) {
        func digits(_ start: Int) -> Int {
            var end = start
            while 0x30...0x39 ~= byte(end) || (byte(end) == 0x5F && 0x30...0x39 ~= byte(end + 1)) { end += 1 }
            return end
        }
        if byte(position) == 0x30, let radix = [0x62: 2, 0x6F: 8, 0x78: 16][byte(position + 1) | 0x20] {
            return try number(radix: radix)
        }
        var end = digits(position)
        var isWhole = true
        // In "a.0.1" the numbers are two positions.
        if tokens.last?.token == .symbol(".") {
        } else if byte(end) == 0x2E, 0x30...0x39 ~= byte(end + 1) {
            isWhole = false
            end = digits(end + 1)
        }
        if byte(end) | 0x20 == 0x65 {
            let sign = byte(end + 1) == 0x2B || byte(end + 1) == 0x2D ? 2 : 1
            if 0x30...0x39 ~= byte(end + sign) {
                isWhole = false
                end = digits(end + sign)
            }
        }
        let text = String(decoding: source[position..<end].filter { $0 != 0x5F }, as: UTF8.self)
        if isWhole {
            guard let value = Int(text) else { throw failure("\(text) is too large") }
            guard value == 0 || !text.hasPrefix("0") else { throw failure("\(text) begins with a zero") }
            emit(.int(value))
        } else {
            guard let value = Double(text) else { throw failure("\(text) is not a number") }
            emit(.float(value))
        }
        position = end
    }

    /// Reads the digits of a number after `0b`, `0o` or `0x`.
    private mutating func number(radix: Int) throws(TokenizerError) {
        var end = position + 2
        while isNameByte(byte(end)) { end += 1 }
        let digits = String(decoding: source[position + 2..<end].filter { $0 != 0x5F }, as: UTF8.self)
        guard let value = Int(digits, radix: radix), byte(end - 1) != 0x5F else {
            throw failure("'\(String(decoding: source[position..<end], as: UTF8.self))' is not a number in range")
        }
        emit(.int(value))
        position = end
    }

    private mutating func string(quote: UInt8) throws(TokenizerError) {
        var value: [UInt8] = []
        var index = position + 1
        while index < source.count, source[index] != quote {
            guard source[index] == 0x5C else {
                value.append(source[index])
                index += 1
                continue
            }
            let escape = byte(index + 1)
            index += 2
            switch escape {
            case 0x0A: break
            case 0x5C, 0x22, 0x27: value.append(escape)
            case 0x6E: value.append(0x0A)
            case 0x74: value.append(0x09)
            case 0x72: value.append(0x0D)
            case 0x61: value.append(0x07)
            case 0x62: value.append(0x08)
            case 0x66: value.append(0x0C)
            case 0x76: value.append(0x0B)
            case 0x30...0x37:
                var code: UInt32 = 0
                index -= 1
                for _ in 0..<3 where 0x30...0x37 ~= byte(index) {
                    code = code << 3 | UInt32(source[index] - 0x30)
                    index += 1
                }
                try append(code, to: &value)
            case 0x78, 0x75, 0x55:
                let count = escape == 0x78 ? 2 : escape == 0x75 ? 4 : 8
                let digits = String(
                    decoding: source[min(index, source.count)..<min(index + count, source.count)],
                    as: UTF8.self
                )
                guard digits.utf8.count == count, let code = UInt32(digits, radix: 16) else {
                    throw failure("an escape in a string is cut short")
                }
                index += count
                try append(code, to: &value)
            default:
                value.append(0x5C)
                index -= 1
            }
        }
        guard index < source.count else { throw failure("a string without an end") }
        emit(.string(String(decoding: value, as: UTF8.self)))
        advance(to: index + 1)
    }

    private func append(_ code: UInt32, to value: inout [UInt8]) throws(TokenizerError) {
        guard let scalar = Unicode.Scalar(code), let encoded = UTF8.encode(scalar) else {
            throw failure("an escape in a string is not a character")
        }
        value.append(contentsOf: encoded)
    }
}
