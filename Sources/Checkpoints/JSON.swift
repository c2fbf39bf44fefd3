/// A JSON value (RFC 8259).
///
/// Whole numbers that fit stay exact; keys of an object are unique.
enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])
}

extension JSON {
    /// What kind of value this is, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "a whole number"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension JSON {
    /// A number as it is, and the kind of anything else, for messages.
    var spelled: String {
        switch self {
        case .integer(let value): String(value)
        case .number(let value): String(value)
        default: kind
        }
    }
}

/// Why bytes are not JSON.
struct JSONError: Error, Sendable, CustomStringConvertible {
    var byteOffset: Int
    var reason: String

    var description: String { "not valid JSON at byte \(byteOffset): \(reason)" }
}
