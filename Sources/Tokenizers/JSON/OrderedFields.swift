/// The members of a JSON object in their written order; a repeated key keeps its place and takes the last value.
package typealias JSONObject = OrderedFields<JSONValue>

/// Values by name, in the order in which they were first set.
package struct OrderedFields<Value> {
    package private(set) var keys: [String] = []
    package private(set) var values: [Value] = []
    private var positions: [ExactString: Int] = [:]

    package init() {}

    package var count: Int { keys.count }
    package var isEmpty: Bool { keys.isEmpty }

    package subscript(key: String) -> Value? {
        get { positions[ExactString(key)].map { values[$0] } }
        set {
            let exact = ExactString(key)
            guard let newValue else {
                guard let position = positions.removeValue(forKey: exact) else { return }
                keys.remove(at: position)
                values.remove(at: position)
                for index in position..<keys.count { positions[ExactString(keys[index])] = index }
                return
            }
            if let position = positions[exact] {
                values[position] = newValue
            } else {
                positions[exact] = keys.count
                keys.append(key)
                values.append(newValue)
            }
        }
    }
}

extension OrderedFields {
    /// These values, with those of others in their places and after them.
    package func merging(_ others: OrderedFields<Value>) -> OrderedFields<Value> {
        var merged = self
        for (key, value) in zip(others.keys, others.values) { merged[key] = value }
        return merged
    }
}

extension OrderedFields: Sendable where Value: Sendable {}
extension OrderedFields: Equatable where Value: Equatable {
    package static func == (left: Self, right: Self) -> Bool {
        left.keys.elementsEqual(right.keys) { ExactString($0) == ExactString($1) } && left.values == right.values
    }
}
extension OrderedFields: Hashable where Value: Hashable {
    package func hash(into hasher: inout Hasher) {
        for key in keys { hasher.combine(ExactString(key)) }
        hasher.combine(values)
    }
}

/// A string that equals another only when their code points are the same.
///
/// `String` compares by canonical equivalence, which would make one of two different tokens or keys disappear.
package struct ExactString: Hashable, Sendable {
    package let value: String

    package init(_ value: String) { self.value = value }

    package static func == (left: ExactString, right: ExactString) -> Bool {
        left.value.utf8.elementsEqual(right.value.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var copy = value
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
