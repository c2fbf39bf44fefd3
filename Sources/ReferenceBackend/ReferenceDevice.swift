package import DeviceRuntime
import Tensors
import XIR

/// The device on which every other one is checked: runs a program operation by operation as XIR means it.
///
/// Slow and plain. Caches start as NaN, so that a program that reads a slot before it was written shows it.
package struct ReferenceDevice: Device {
    package let name = "reference"

    package init() {}

    package var statistics: DeviceStatistics { DeviceStatistics() }

    package func load(_ program: Program, symbols: [String: Int]) throws(DeviceError) -> any Executable {
        try program.validate(symbols)
        for (index, step) in program.steps.enumerated() where !Interpreter.knows(step.operation) {
            throw DeviceError(.unsupported, "step \(index): the reference does not know operation '\(step.operation)'")
        }
        var states: [Tensor] = []
        var stateByteCount = 0
        for state in program.states {
            guard let type = state.type.bound(symbols) else {
                throw DeviceError(.invalidInput, "state '\(state.name)' of type \(state.type) has unbound symbols")
            }
            stateByteCount += type.byteCount
            guard stateByteCount <= Interpreter.largestByteCount else {
                throw DeviceError(.outOfMemory, "the states need more than \(Interpreter.largestByteCount) bytes")
            }
            states.append(Tensor(rounding: [Float](repeating: .nan, count: type.shape.elementCount), to: type))
        }
        return ReferenceExecutable(program, states: states, symbols: symbols)
    }
}

/// `@unchecked Sendable`: `Executable` asks for one caller at a time, so the states are never touched by two threads.
private final class ReferenceExecutable: Executable, @unchecked Sendable {
    let program: Program
    private var states: [Tensor]
    private let loadSymbols: [String: Int]

    init(_ program: Program, states: [Tensor], symbols: [String: Int]) {
        self.program = program
        self.states = states
        loadSymbols = symbols
    }

    func run(_ inputs: [Tensor]) throws(DeviceError) -> [Tensor] {
        let symbols = loadSymbols.merging(try program.bind(inputs)) { _, bound in bound }
        var arena: [Int: Tensor] = [:]
        func value(_ number: Int) throws(DeviceError) -> Tensor {
            let value = program.values[number]
            let tensor: Tensor?
            switch value.place {
            case .input(let position): tensor = inputs[position]
            case .constant(let position): tensor = program.constants[position].tensor
            case .state(let position): tensor = states[position]
            case .arena(let offset): tensor = arena[offset]
            }
            guard let tensor, let type = value.type.bound(symbols) else {
                throw DeviceError(.invalidInput, "value \(number) is read before it is written")
            }
            // A view has the same bytes under another shape.
            do throws(TensorError) { return try tensor.reshaped(type.shape) } catch {
                throw DeviceError(.invalidInput, "value \(number): \(error.message)", cause: error)
            }
        }
        for step in program.steps {
            let operation = Operation(step.operation, [], results: [], attributes: step.attributes)
            var operands: [Tensor] = []
            for operand in step.operands { operands.append(try value(operand)) }
            let types = step.results.compactMap { program.values[$0].type.bound(symbols) }
            let results = try Interpreter.evaluate(
                operation,
                operands,
                resultTypes: types,
                symbols: symbols,
                constants: [:]
            )
            for (number, tensor) in zip(step.results, results) {
                switch program.values[number].place {
                case .state(let position): states[position] = tensor
                case .arena(let offset): arena[offset] = tensor
                case .input, .constant:
                    throw DeviceError(.invalidInput, "step '\(step.operation)' writes to an input or a constant")
                }
            }
        }
        var outputs: [Tensor] = []
        for output in program.outputs { outputs.append(try value(output)) }
        return outputs
    }
}
