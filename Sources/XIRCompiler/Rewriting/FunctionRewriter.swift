import XIR

/// Rebuilds a function operation by operation, replacing values from there on.
///
/// A replacement takes effect for the operations that follow, so an operation that stands before it keeps what it had:
/// whatever a rewrite leaves unused, `eliminate-dead-code` removes.
struct FunctionRewriter {
    var builder: FunctionBuilder
    private var replacements: [ValueID: ValueID] = [:]
    private var definitions: [ValueID: Operation] = [:]
    private let source: [Operation]

    init(_ function: Function) {
        source = function.operations
        var empty = function
        empty.operations = []
        builder = FunctionBuilder(empty)
    }

    /// The operation that defines `value`, among those rebuilt so far; nil for parameters.
    func definition(_ value: ValueID) -> Operation? { definitions[value] }

    /// The operation that defines `value`, if it is one of these.
    func definition(_ value: ValueID, _ names: String...) -> Operation? {
        guard let operation = definitions[value], names.contains(operation.name) else { return nil }
        return operation
    }

    func type(_ value: ValueID) -> ValueType { builder.function.type(value) }

    /// Visits every operation, with operands already replaced.
    ///
    /// `body` answers with the values that take the place of the operation's results (having appended what defines
    /// them), or nil to keep the operation.
    mutating func rebuild(_ body: (Operation, inout FunctionRewriter) throws(XIRError) -> [ValueID]?)
        throws(XIRError) -> Function
    {
        for operation in source {
            var current = operation
            current.operands = current.operands.map { replacements[$0] ?? $0 }
            if let results = try body(current, &self) {
                for (old, new) in zip(operation.results, results) where old != new { replace(old, with: new) }
            } else {
                keep(current)
            }
        }
        var function = builder.function
        for index in function.results.indices {
            let value = function.results[index].value
            function.results[index].value = replacements[value] ?? value
        }
        function.renumber()
        return function
    }

    /// Makes later operations use `new` instead of `old`.
    mutating func replace(_ old: ValueID, with new: ValueID) {
        for (key, value) in replacements where value == old { replacements[key] = new }
        replacements[old] = new
    }

    /// Appends an operation as it is.
    mutating func keep(_ operation: Operation) {
        builder.function.operations.append(operation)
        for result in operation.results { definitions[result] = operation }
    }

    /// Appends a new operation and returns its results.
    mutating func append(_ name: String, _ operands: [ValueID], _ attributes: [String: Attribute] = [:])
        throws(XIRError) -> [ValueID]
    {
        let results = try builder.append(name, operands, attributes)
        if let operation = builder.function.operations.last {
            for result in results { definitions[result] = operation }
        }
        return results
    }

    /// Appends a new operation that has one result.
    mutating func value(_ name: String, _ operands: [ValueID], _ attributes: [String: Attribute] = [:])
        throws(XIRError) -> ValueID
    {
        try append(name, operands, attributes)[0]
    }

    /// Appends a reference to a constant of the module.
    mutating func constant(_ name: String, _ constant: Constant) -> ValueID {
        let value = builder.constant(name, constant.type)
        if let operation = builder.function.operations.last { definitions[value] = operation }
        return value
    }
}

extension FunctionRewriter {
    /// Removes earlier updates of these states, which another operation has taken over.
    ///
    /// Dead code does not take them away, since an update is an effect.
    mutating func drop(updatesOf states: [ValueID], keeping results: [ValueID]) {
        builder.function.operations.removeAll { operation in
            operation.name == "cache_write" && states.contains(operation.operands[0])
                && !operation.results.contains(where: results.contains)
        }
    }
}
