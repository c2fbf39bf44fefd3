/// What an operation is: the one entry from which the verifier, the parser and `docs/xir.md` are made.
package struct OperationDefinition: Sendable {
    /// One attribute: name, kind, and whether it must be there.
    package struct AttributeRule: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable {
            case integer, float, bool, string, elementType, integers, extents
        }

        package var name: String
        package var kind: Kind
        package var required: Bool

        /// Whether an attribute's value is of this rule's kind (an integer serves as a float, integers as extents).
        package func accepts(_ attribute: Attribute) -> Bool {
            switch (kind, attribute) {
            case (.integer, .integer), (.float, .float), (.float, .integer), (.bool, .bool), (.string, .string),
                (.elementType, .elementType), (.integers, .integers), (.extents, .extents), (.extents, .integers):
                true
            default: false
            }
        }
    }

    package var name: String
    /// One sentence: what the results are.
    package var summary: String
    /// The names of the operands in order; those past `requiredOperands` may be left out from the end.
    package var operands: [String]
    package var requiredOperands: Int
    /// True when the last operand may be repeated, as in `concat`.
    package var variadic: Bool
    package var attributes: [AttributeRule]
    /// The numbered constraints (C1, C2 and so on) as the specification prints them.
    package var constraints: [String]
    /// True when operand order does not matter.
    package var isCommutative: Bool
    /// The operands that the operation updates in place (indices); each must be a state or the result of an update.
    package var updates: [Int]

    let inference: @Sendable ([ValueType], Operation) throws(ConstraintViolation) -> [ValueType]

    /// The result types for operands of these types.
    ///
    /// Throws `.inference` naming the operation and the constraint that does not hold.
    package func infer(_ operands: [ValueType], _ operation: Operation) throws(XIRError) -> [ValueType] {
        let count = self.operands.count
        guard operands.count >= requiredOperands, variadic || operands.count <= count else {
            let wanted = requiredOperands == count && !variadic ? "\(count)" : "at least \(requiredOperands)"
            throw XIRError(.inference, "\(name): takes \(wanted) operands, but has \(operands.count)")
        }
        for rule in attributes {
            guard let attribute = operation.attributes[rule.name] else {
                if rule.required { throw XIRError(.inference, "\(name): attribute '\(rule.name)' is missing") }
                continue
            }
            guard rule.accepts(attribute) else {
                throw XIRError(.inference, "\(name): attribute '\(rule.name)' must be of kind \(rule.kind.rawValue)")
            }
            guard attribute.isInRange else {
                throw XIRError(
                    .inference,
                    "\(name): attribute '\(rule.name)' has a number beyond \(Extent.largestNumber)"
                )
            }
        }
        for attribute in operation.attributes.keys.sorted() where !attributes.contains(where: { $0.name == attribute })
        {
            throw XIRError(.inference, "\(name): has no attribute '\(attribute)'")
        }
        do {
            return try inference(operands, operation)
        } catch {
            let constraint = constraints.indices.contains(error.number - 1) ? constraints[error.number - 1] : ""
            let types = operands.map(\.description).joined(separator: ", ")
            throw XIRError(
                .inference,
                "\(name): C\(error.number) does not hold: \(constraint)\(error.detail.isEmpty ? "" : " (\(error.detail))"); operands are (\(types))"
            )
        }
    }
}

/// The constraint of an operation that does not hold.
struct ConstraintViolation: Error {
    var number: Int
    var detail: String

    init(_ number: Int, _ detail: String = "") {
        self.number = number
        self.detail = detail
    }
}

/// Throws the violation of constraint `number` unless the condition holds.
func require(_ condition: Bool, _ number: Int, _ detail: @autoclosure () -> String = "") throws(ConstraintViolation) {
    if !condition { throw ConstraintViolation(number, detail()) }
}

/// Operation definitions by name.
package struct OperationTable: Sendable {
    private let byName: [String: OperationDefinition]
    /// In the order of the specification.
    package let definitions: [OperationDefinition]

    package init(_ definitions: [OperationDefinition]) {
        self.definitions = definitions
        byName = Dictionary(definitions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package subscript(name: String) -> OperationDefinition? { byName[name] }

    /// All operations of XIR.
    package static let standard = OperationTable(sections.flatMap(\.definitions))

    /// The chapters of the specification.
    package static let sections: [(title: String, definitions: [OperationDefinition])] = [
        ("Elements", OperationDefinition.elementwise), ("Linear algebra", OperationDefinition.linearAlgebra),
        ("Quantisation", OperationDefinition.quantization),
        ("Shapes", OperationDefinition.shaping), ("Normalisation", OperationDefinition.normalization),
        ("Attention", OperationDefinition.attention),
    ]
}

extension OperationDefinition {
    /// A definition with the usual defaults.
    static func define(
        _ name: String,
        _ summary: String,
        _ operands: [String],
        required: Int? = nil,
        variadic: Bool = false,
        attributes: [AttributeRule] = [],
        constraints: [String],
        commutative: Bool = false,
        updates: [Int] = [],
        infer: @escaping @Sendable ([ValueType], Operation) throws(ConstraintViolation) -> [ValueType]
    ) -> OperationDefinition {
        OperationDefinition(
            name: name,
            summary: summary,
            operands: operands,
            requiredOperands: required ?? operands.count,
            variadic: variadic,
            attributes: attributes,
            constraints: constraints,
            isCommutative: commutative,
            updates: updates,
            inference: infer
        )
    }

    static func attribute(_ name: String, _ kind: AttributeRule.Kind, required: Bool = true) -> AttributeRule {
        AttributeRule(name: name, kind: kind, required: required)
    }

    /// An axis counted from the front, from one that may count from the back; nil when it is outside the rank.
    package static func normalizedAxis(_ axis: Int, rank: Int) -> Int? {
        let normalized = axis < 0 ? axis + rank : axis
        return (0..<rank).contains(normalized) ? normalized : nil
    }

    /// The extents that two shapes broadcast to (numpy's rule), or nil when they do not.
    package static func broadcast(_ left: [Extent], _ right: [Extent]) -> [Extent]? {
        let rank = max(left.count, right.count)
        var result: [Extent] = []
        for axis in 0..<rank {
            let leftAxis = axis - (rank - left.count)
            let rightAxis = axis - (rank - right.count)
            let leftExtent = leftAxis >= 0 ? left[leftAxis] : 1
            let rightExtent = rightAxis >= 0 ? right[rightAxis] : 1
            if leftExtent == rightExtent || rightExtent == 1 {
                result.append(leftExtent)
            } else if leftExtent == 1 {
                result.append(rightExtent)
            } else {
                return nil
            }
        }
        return result
    }
}
