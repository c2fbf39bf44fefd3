/// How text calls a value: `%name`, `%name#1` for the second value of that name, or `%7` for one without a name.
enum ValueName: Sendable, Hashable {
    case named(String, Int)
    case numbered(Int)

    var text: String {
        switch self {
        case .named(let name, 0): "%" + spelled(name)
        case .named(let name, let ordinal): "%\(spelled(name))#\(ordinal)"
        case .numbered(let number): "%\(number)"
        }
    }
}

/// One word of XIR text and where it begins.
struct Token: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        /// One of `( ) [ ] { } , : = + - *`.
        case punctuation(Character)
        case word(String)
        /// Digits with an optional fraction and exponent, or `0x` and hexadecimal digits; no sign.
        case number(String)
        case string(String)
        /// `%name`.
        case value(ValueName)
        /// `@name`.
        case global(String)
        case end
    }

    var kind: Kind
    /// Bytes from the start of the text.
    var offset: Int
}

extension Token.Kind: CustomStringConvertible {
    var description: String {
        switch self {
        case .punctuation(let character): "'\(character)'"
        case .word(let word): "'\(word)'"
        case .number(let number): "'\(number)'"
        case .string(let string): quoted(string)
        case .value(let name): "'\(name.text)'"
        case .global(let name): "'@\(spelled(name))'"
        case .end: "the end of the text"
        }
    }
}

/// Bytes that a word may hold; it does not begin with a digit.
func isWordByte(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_")
        || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "$")
}

func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

/// A name as it is when it is a word, in quotation marks otherwise.
func spelled(_ name: String) -> String {
    guard let first = name.utf8.first, !isDigit(first), name.utf8.allSatisfy(isWordByte) else { return quoted(name) }
    return name
}

/// A string in quotation marks.
func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\n": text += "\\n"
        case "\r": text += "\\r"
        case "\t": text += "\\t"
        case _ where scalar.value < 0x20 || scalar.value == 0x7F: text += "\\u{\(String(scalar.value, radix: 16))}"
        default: text.unicodeScalars.append(scalar)
        }
    }
    return text + "\""
}
