/// Names a value inside one function; an index into `Function.values`.
package struct ValueID: Sendable, Hashable {
    package var index: Int

    package init(_ index: Int) {
        self.index = index
    }
}

/// One operation: a name from the operation table, operands, results and attributes.
package struct Operation: Sendable, Hashable {
    package var name: String
    package var operands: [ValueID]
    package var results: [ValueID]
    package var attributes: [String: Attribute]

    package init(
        _ name: String,
        _ operands: [ValueID],
        results: [ValueID],
        attributes: [String: Attribute] = [:]
    ) {
        self.name = name
        self.operands = operands
        self.results = results
        self.attributes = attributes
    }

    package func integer(_ name: String) -> Int? {
        if case .integer(let value) = attributes[name] { value } else { nil }
    }

    package func integers(_ name: String) -> [Int]? {
        if case .integers(let value) = attributes[name] { value } else { nil }
    }

    /// A number; integers count as numbers.
    package func float(_ name: String) -> Double? {
        switch attributes[name] {
        case .float(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    package func bool(_ name: String) -> Bool? {
        if case .bool(let value) = attributes[name] { value } else { nil }
    }

    package func string(_ name: String) -> String? {
        if case .string(let value) = attributes[name] { value } else { nil }
    }

    /// A list of extents; a list of integers counts as one.
    package func extents(_ name: String) -> [Extent]? {
        switch attributes[name] {
        case .extents(let value): value
        case .integers(let value): value.map { Extent($0) }
        default: nil
        }
    }
}
