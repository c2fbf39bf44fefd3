/// Any value as bytes: the same for equal values in every process, and others for others.
///
/// A value is spelled by reflection, property by property, so that none can be forgotten, also not one that a type gets
/// later. Everything has its length before it, so that nothing runs into what follows. Sets and dictionaries are
/// spelled in the order of their elements' bytes.
struct CanonicalForm {
    private enum Kind: UInt8 {
        case text
        case integer
        case number
        case flag
        case integers
        case none
        case ordered
        case unordered
        case name
    }

    private(set) var bytes: [UInt8] = []

    mutating func add(_ value: Any) {
        switch value {
        case let text as String: add(.text, Array(text.utf8))
        case let flag as Bool: add(.flag, [flag ? 1 : 0])
        case let number as Float: add(.number, Self.bytes(UInt64(Double(number).bitPattern)))
        case let number as Double: add(.number, Self.bytes(number.bitPattern))
        // Prompts are long.
        case let integers as [Int]: add(.integers, Self.bytes(integers))
        case let integer as any BinaryInteger: add(.integer, Array("\(integer)".utf8))
        default: addReflected(value)
        }
    }

    private mutating func addReflected(_ value: Any) {
        let mirror = Mirror(reflecting: value)
        let children = mirror.children.map { child in
            var form = CanonicalForm()
            form.add(child.label ?? "")
            form.add(child.value)
            return form.bytes
        }
        switch mirror.displayStyle {
        case .optional where children.isEmpty: add(.none, [])
        case .set, .dictionary: add(.unordered, joined: children.sorted { $0.lexicographicallyPrecedes($1) })
        case nil where children.isEmpty, .enum where children.isEmpty:
            add(.name, Array(String(reflecting: value).utf8))
        default: add(.ordered, joined: children)
        }
    }

    private mutating func add(_ kind: Kind, joined children: [[UInt8]]) {
        add(kind, children.flatMap { Self.bytes(UInt64($0.count)) + $0 })
    }

    private mutating func add(_ kind: Kind, _ content: [UInt8]) {
        bytes.append(kind.rawValue)
        bytes += Self.bytes(UInt64(content.count))
        bytes += content
    }

    private static func bytes(_ integers: [Int]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 * integers.count)
        for integer in integers { withUnsafeBytes(of: Int64(integer).littleEndian) { bytes += $0 } }
        return bytes
    }

    private static func bytes(_ value: UInt64) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
