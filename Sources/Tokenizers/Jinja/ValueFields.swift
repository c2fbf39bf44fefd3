/// The entries of a mapping in the order in which they were first set.
struct ValueFields {
    private(set) var keys: [Value] = []
    private(set) var values: [Value] = []
    private var positions: [Key: Int] = [:]

    var count: Int { keys.count }
    var isEmpty: Bool { keys.isEmpty }

    subscript(key: Key) -> Value? { positions[key].map { values[$0] } }

    mutating func set(_ key: Value, hashed: Key, to value: Value) {
        if let position = positions[hashed] {
            values[position] = value
        } else {
            positions[hashed] = keys.count
            keys.append(key)
            values.append(value)
        }
    }

    mutating func set(_ name: Text, to value: Value) { set(.string(name), hashed: .string(name), to: value) }

    /// A value as a key of a mapping: equal where Python has the values equal.
    enum Key: Hashable {
        case none
        case int(Int)
        case double(Double)
        case string(Text)
        case tuple([Key])
        case undefined

        /// Nil for what Python cannot hash.
        init?(_ value: Value) {
            switch value {
            case .none: self = .none
            case .bool(let value): self = .int(value ? 1 : 0)
            case .int(let value): self = .int(value)
            case .double(let value): self = Int(exactly: value).map { .int($0) } ?? .double(value)
            case .string(let text): self = .string(text)
            case .undefined: self = .undefined
            case .list(let list) where list.isTuple:
                var keys: [Key] = []
                for item in list.items {
                    guard let key = Key(item) else { return nil }
                    keys.append(key)
                }
                self = .tuple(keys)
            default: return nil
            }
        }
    }
}
