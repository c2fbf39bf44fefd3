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

extension OrderedFields: Sendable where Value: Sendable {}
extension OrderedFields: Equatable where Value: Equatable {}
extension OrderedFields: Hashable where Value: Hashable {}

/// A string that equals another only when their code points are the same.
///
/// `String` compares by canonical equivalence, which would make one of two different tokens or keys disappear.
struct ExactString: Hashable, Sendable {
    let value: String

    init(_ value: String) { self.value = value }

    static func == (left: ExactString, right: ExactString) -> Bool {
        left.value.utf8.elementsEqual(right.value.utf8)
    }

    func hash(into hasher: inout Hasher) {
        var copy = value
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
