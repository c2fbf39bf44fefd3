/// Follows the JSON object of a tool call byte by byte: where its name and its arguments are, and where it ends.
///
/// Sees to strings, brackets and what stands between values; whether numbers, words and escapes are sound is left to the
/// parser of JSON that reads the whole. Takes constant time for each byte.
struct ToolCallScanner: Sendable {
    enum State: Sendable {
        case open
        case complete
        case malformed
    }

    private enum Expected {
        case start
        case keyOrEnd
        case key
        case colon
        case value
        case valueOrEnd
        case separator
    }

    private enum Inside {
        case string(isKey: Bool, isEscaped: Bool)
        /// A number or a word.
        case scalar
    }

    private(set) var state = State.open
    /// Where the values of these members begin, and end as far as they have, in bytes.
    private(set) var name: (start: Int, end: Int?)?
    private(set) var arguments: (start: Int, end: Int?)?
    private var position = 0
    private var expected = Expected.start
    private var inside: Inside?
    /// The closing bytes of what is open.
    private var closers: [UInt8] = []
    /// The last key of the outermost object.
    private var key: [UInt8] = []

    mutating func advance(_ byte: UInt8) {
        defer { position += 1 }
        switch inside {
        case .string(let isKey, let isEscaped): advanceString(byte, isKey, isEscaped)
        case .scalar where Self.isScalar(byte): break
        case .scalar:
            inside = nil
            endValue(at: position)
            advanceOutside(byte)
        case nil: advanceOutside(byte)
        }
    }

    private mutating func advanceString(_ byte: UInt8, _ isKey: Bool, _ isEscaped: Bool) {
        switch byte {
        case 0..<0x20: state = .malformed
        case UInt8(ascii: "\"") where !isEscaped:
            inside = nil
            if isKey { expected = .colon } else { endValue(at: position + 1) }
        default:
            if isKey, closers.count == 1 { key.append(byte) }
            inside = .string(isKey: isKey, isEscaped: byte == UInt8(ascii: "\\") && !isEscaped)
        }
    }

    private mutating func advanceOutside(_ byte: UInt8) {
        if byte.isJSONSpace { return }
        switch (expected, byte) {
        case (.start, UInt8(ascii: "{")): open(UInt8(ascii: "}"))
        case (.key, UInt8(ascii: "\"")), (.keyOrEnd, UInt8(ascii: "\"")):
            if closers.count == 1 { key = [] }
            inside = .string(isKey: true, isEscaped: false)
        case (.colon, UInt8(ascii: ":")): expected = .value
        case (.keyOrEnd, _) where byte == closers.last, (.valueOrEnd, _) where byte == closers.last,
            (.separator, _) where byte == closers.last:
            closers.removeLast()
            endValue(at: position + 1)
            if closers.isEmpty { state = .complete }
        case (.separator, UInt8(ascii: ",")): expected = closers.last == UInt8(ascii: "}") ? .key : .value
        case (.value, _), (.valueOrEnd, _): beginValue(byte)
        default: state = .malformed
        }
    }

    private mutating func beginValue(_ byte: UInt8) {
        if closers.count == 1 {
            if key.elementsEqual("name".utf8) { name = (position, nil) }
            if key.elementsEqual("arguments".utf8) { arguments = (position, nil) }
        }
        switch byte {
        case UInt8(ascii: "{"): open(UInt8(ascii: "}"))
        case UInt8(ascii: "["): open(UInt8(ascii: "]"))
        case UInt8(ascii: "\""): inside = .string(isKey: false, isEscaped: false)
        case _ where Self.isScalar(byte): inside = .scalar
        default: state = .malformed
        }
    }

    private mutating func open(_ closer: UInt8) {
        closers.append(closer)
        expected = closer == UInt8(ascii: "}") ? .keyOrEnd : .valueOrEnd
    }

    private mutating func endValue(at end: Int) {
        expected = .separator
        guard closers.count == 1 else { return }
        if key.elementsEqual("name".utf8) { name?.end = end }
        if key.elementsEqual("arguments".utf8) { arguments?.end = end }
    }

    private static func isScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "E"),
            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension UInt8 {
    /// Whether this is white space between the values of a JSON text.
    var isJSONSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}
