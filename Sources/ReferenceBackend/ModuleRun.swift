package import DeviceRuntime
package import Tensors
package import XIR

/// What a function gives back: its results, and its states as it leaves them.
package struct RunResult: Sendable, Hashable {
    /// In the order of `Function.results`.
    package var results: [Tensor]
    /// In the order of the state parameters.
    package var states: [Tensor]
}

extension Interpreter {
    /// Runs a function of a module on tensors.
    ///
    /// `inputs` and `states` are in the order of the parameters of their kind; symbols are bound to their shapes.
    /// The function must be verified. Throws `.invalidInput` when an argument does not fit, or what `evaluate` throws.
    package static func run(
        _ module: Module,
        function name: String,
        inputs: [Tensor],
        states: [Tensor] = []
    ) throws(DeviceError) -> RunResult {
        guard let function = module.function(named: name) else {
            throw DeviceError(.invalidInput, "the module has no function '\(name)'")
        }
        let arguments = try arguments(of: function, inputs: inputs, states: states)
        let symbols = try symbols(of: function, arguments)
        var values = Dictionary(
            zip(function.parameters.map(\.value), arguments),
            uniquingKeysWith: { first, _ in first }
        )
        // The newest version of each state.
        var versions = function.parameters.filter { $0.kind == .state }.map(\.value)
        let liveness = Liveness(function)
        for (index, operation) in function.operations.enumerated() {
            let operands = operation.operands.compactMap { values[$0] }
            let types = operation.results.compactMap { function.type($0).bound(symbols) }
            let results = try evaluate(
                operation,
                operands,
                resultTypes: types,
                symbols: symbols,
                constants: module.constants
            )
            for (id, tensor) in zip(operation.results, results) { values[id] = tensor }
            for update in operation.stateUpdates {
                if let state = versions.firstIndex(of: update.old) { versions[state] = update.new }
            }
            for operand in operation.operands where liveness[operand]?.lastUse == index && !versions.contains(operand) {
                values[operand] = nil
            }
        }
        return RunResult(
            results: function.results.compactMap { values[$0.value] },
            states: versions.compactMap { values[$0] }
        )
    }

    /// Inputs and states in the order of the function's parameters.
    private static func arguments(of function: Function, inputs: [Tensor], states: [Tensor])
        throws(DeviceError) -> [Tensor]
    {
        let stateCount = function.parameters.count { $0.kind == .state }
        guard states.count == stateCount, inputs.count == function.parameters.count - stateCount else {
            throw DeviceError(
                .invalidInput,
                "\(function.name): takes \(function.parameters.count - stateCount) inputs and \(stateCount) states, was given \(inputs.count) and \(states.count)"
            )
        }
        var (nextInput, nextState) = (inputs.makeIterator(), states.makeIterator())
        return function.parameters.compactMap { $0.kind == .input ? nextInput.next() : nextState.next() }
    }

    private static func symbols(of function: Function, _ arguments: [Tensor]) throws(DeviceError) -> [String: Int] {
        let types = function.parameters.map { function.type($0.value) }
        for ((parameter, type), argument) in zip(zip(function.parameters, types), arguments)
        where argument.elementType != type.elementType || argument.shape.rank != type.rank {
            throw DeviceError(
                .invalidInput,
                "\(function.name): '\(function[parameter.value].name ?? "?")' must be \(type), not \(argument.type)"
            )
        }
        guard let symbols = SymbolSolving.values(of: types, shapes: arguments.map(\.shape)) else {
            let wanted = types.map(\.description).joined(separator: ", ")
            let given = arguments.map(\.type.description).joined(separator: ", ")
            throw DeviceError(.invalidInput, "\(function.name): takes (\(wanted)), was given (\(given))")
        }
        return symbols
    }
}
