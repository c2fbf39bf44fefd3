import Tokenizers

/// A place in a schema, told as a JSON pointer behind `#`.
///
/// Grows without a copy of what it has: a schema has a place for each of its values, and its names may be long.
struct SchemaPath: Sendable, CustomStringConvertible {
    private final class Part: Sendable {
        let key: String
        let above: Part?

        init(_ key: String, below above: Part?) {
            self.key = key
            self.above = above
        }
    }

    static let root = SchemaPath("#")
    /// More characters of a name, and more names, are not told.
    private static let (longestName, mostNames) = (100, 32)

    private let pointer: String
    private var last: Part?

    /// The place that a reference leads to.
    init(_ pointer: String) {
        self.pointer = pointer
    }

    static func child(_ path: SchemaPath, _ keys: String...) -> SchemaPath {
        var child = path
        for key in keys { child.last = Part(key, below: child.last) }
        return child
    }

    var isRoot: Bool { last == nil && pointer == "#" }

    /// Whether this is the same place as another one, or right below it.
    func isAt(_ other: SchemaPath) -> Bool {
        pointer == other.pointer && (last === other.last || last?.above === other.last)
    }

    var description: String {
        var names: [String] = []
        var part = last
        while let one = part {
            let name = one.key.count > Self.longestName ? one.key.prefix(Self.longestName) + "…" : one.key
            names.append(name.replacing("~", with: "~0").replacing("/", with: "~1"))
            part = one.above
        }
        if names.count > Self.mostNames { names = names.prefix(Self.mostNames) + ["…"] }
        let start = pointer.count > Self.longestName ? pointer.prefix(Self.longestName) + "…" : pointer
        return ([start] + names.reversed()).joined(separator: "/")
    }

    /// The value that a pointer leads to; nil when it leads nowhere.
    static func resolve(_ pointer: String, in root: JSONValue) -> JSONValue? {
        guard pointer.hasPrefix("#") else { return nil }
        var value = root
        for part in pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let key = unescape(part)
            switch value {
            case .object(let object):
                guard let member = object[key] else { return nil }
                value = member
            case .array(let elements):
                guard let index = Int(key), elements.indices.contains(index) else { return nil }
                value = elements[index]
            default: return nil
            }
        }
        return pointer == "#" || pointer.hasPrefix("#/") ? value : nil
    }

    /// Percent and tilde escapes resolved.
    private static func unescape(_ part: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = part.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(Substring(rest.prefix(2))), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self).replacing("~1", with: "/").replacing("~0", with: "~")
    }
}
