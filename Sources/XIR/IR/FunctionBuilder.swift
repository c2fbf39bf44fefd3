package import Tensors

/// Appends operations to a function, inferring and checking result types as it goes.
package struct FunctionBuilder: Sendable {
    package var function: Function

    package init(_ name: String) {
        function = Function(name)
    }

    package init(_ function: Function) {
        self.function = function
    }

    package mutating func input(_ name: String, _ type: ValueType) -> ValueID {
        let value = function.makeValue(type, name: name)
        function.parameters.append(Parameter(.input, value))
        return value
    }

    package mutating func state(_ name: String, _ type: ValueType) -> ValueID {
        let value = function.makeValue(type, name: name)
        function.parameters.append(Parameter(.state, value))
        return value
    }

    package mutating func result(_ name: String, _ value: ValueID) {
        function.results.append(FunctionResult(name, value))
    }

    /// A reference to a constant of the module; `type` must be that constant's.
    package mutating func constant(_ name: String, _ type: TensorType) -> ValueID {
        let value = function.makeValue(ValueType(type))
        function.operations.append(Operation("constant", [], results: [value], attributes: ["name": .string(name)]))
        return value
    }

    /// Appends an operation; its result types come from the operation table.
    ///
    /// Throws `.inference` with the operation and the numbered constraint that the operands or attributes break.
    @discardableResult
    package mutating func append(
        _ name: String,
        _ operands: [ValueID],
        _ attributes: [String: Attribute] = [:],
        names: [String?] = []
    ) throws(XIRError) -> [ValueID] {
        guard let definition = OperationTable.standard[name] else {
            throw XIRError(.inference, "unknown operation '\(name)'")
        }
        let types = try definition.infer(
            operands.map { function.type($0) },
            Operation(name, operands, results: [], attributes: attributes)
        )
        let results = types.enumerated().map { index, type in
            function.makeValue(type, name: index < names.count ? names[index] : nil)
        }
        function.operations.append(Operation(name, operands, results: results, attributes: attributes))
        return results
    }

    /// Appends an operation that has one result.
    package mutating func value(
        _ name: String,
        _ operands: [ValueID],
        _ attributes: [String: Attribute] = [:],
        named: String? = nil
    ) throws(XIRError) -> ValueID {
        try append(name, operands, attributes, names: [named])[0]
    }
}
