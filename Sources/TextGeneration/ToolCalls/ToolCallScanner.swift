/// Follows the JSON of tool calls byte by byte, one object or a list of objects: where their members are, and where it ends.
///
/// Sees to strings, brackets and what stands between values; whether numbers, words and escapes are sound is left to the
/// parser of JSON that reads the whole. Takes constant time for each byte.
struct ToolCallScanner: Sendable {
    enum State: Sendable {
        case open
        case complete
        case malformed
    }

    /// A place in the bytes; without an end as long as that has not come.
    struct Part: Sendable {
        var start: Int
        var end: Int?
    }

    /// An object that may be a call.
    struct Object: Sendable {
        var place: Part
        /// Its members in their order, by their keys as they are written.
        var members: [(key: [UInt8], value: Part)] = []

        /// The value of a member; the last one counts.
        func value(_ key: String) -> Part? { members.last { $0.key.elementsEqual(key.utf8) }?.value }
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
    private(set) var objects: [Object] = []
    private let allowsList: Bool
    private var position = 0
    private var expected = Expected.start
    private var inside: Inside?
    /// The closing bytes of what is open.
    private var closers: [UInt8] = []
    /// How many are open inside of an object: one more in a list.
    private var objectDepth = 1
    /// The last key of the object.
    private var key: [UInt8] = []

    init(allowsList: Bool = false) {
        self.allowsList = allowsList
    }

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
            if isKey, closers.count == objectDepth { key.append(byte) }
            inside = .string(isKey: isKey, isEscaped: byte == UInt8(ascii: "\\") && !isEscaped)
        }
    }

    private mutating func advanceOutside(_ byte: UInt8) {
        if byte.isJSONSpace { return }
        switch (expected, byte) {
        case (.start, UInt8(ascii: "{")):
            objects.append(Object(place: Part(start: position)))
            open(UInt8(ascii: "}"))
        case (.start, UInt8(ascii: "[")) where allowsList:
            objectDepth = 2
            open(UInt8(ascii: "]"))
        case (.key, UInt8(ascii: "\"")), (.keyOrEnd, UInt8(ascii: "\"")):
            if closers.count == objectDepth { key = [] }
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
        if closers.count == objectDepth {
            objects[objects.count - 1].members.append((key, Part(start: position)))
        } else if closers.count < objectDepth {
            guard byte == UInt8(ascii: "{") else { return state = .malformed }
            objects.append(Object(place: Part(start: position)))
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
        guard let object = objects.indices.last else { return }
        if closers.count == objectDepth, let member = objects[object].members.indices.last {
            objects[object].members[member].value.end = end
        } else if closers.count == objectDepth - 1 {
            objects[object].place.end = objects[object].place.end ?? end
        }
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
