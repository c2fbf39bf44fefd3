import Tensors
import XIR

/// Makes activations float32 where a graph computes in bfloat16 or float16; weights stay as they are stored.
///
/// Kernels read weights as stored and add up in float32, so this is both what runs and closer to what the weights mean.
/// What the graph rounds between its operations is not rounded any more.
struct WidenActivations: Pass {
    let name = "widen-activations"

    func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        var outcome = PassOutcome()
        for index in module.functions.indices where module.functions[index].hasHalfPrecisionActivations {
            var widening = Widening(module.functions[index])
            do throws(XIRError) {
                module.functions[index] = try widening.function()
            } catch {
                throw CompilerError(.unsupportedGraph, "\(name): \(error.message)", cause: error)
            }
            outcome.rewrites += widening.count
        }
        return outcome
    }
}

extension Function {
    /// Whether values other than constants, and what only casts or moves them, are in half precision.
    var hasHalfPrecisionActivations: Bool {
        let stored = Set(operations.filter { $0.name == "constant" }.flatMap(\.results))
        return operations.contains { operation in
            operation.name != "constant" && operation.results.contains { type($0).elementType.isHalfPrecision }
                && !(["cast", "transpose", "gather"].contains(operation.name) && stored.contains(operation.operands[0]))
        }
    }
}

extension ElementType {
    fileprivate var isHalfPrecision: Bool { self == .bfloat16 || self == .float16 }
}

/// Writes a function again with every half-precision value in float32.
private struct Widening {
    let source: Function
    private var builder: FunctionBuilder
    private var values: [ValueID: ValueID] = [:]
    private(set) var count = 0

    init(_ source: Function) {
        self.source = source
        builder = FunctionBuilder(source.name)
    }

    mutating func function() throws(XIRError) -> Function {
        for parameter in source.parameters {
            var type = source.type(parameter.value)
            if type.elementType.isHalfPrecision { type.elementType = .float32 }
            let name = source[parameter.value].name ?? ""
            values[parameter.value] =
                parameter.kind == .state ? builder.state(name, type) : builder.input(name, type)
        }
        for operation in source.operations {
            let results = try widened(operation)
            for (old, new) in zip(operation.results, results) { values[old] = new }
        }
        for result in source.results { builder.result(result.name, try value(result.value)) }
        return builder.function
    }

    private mutating func widened(_ operation: Operation) throws(XIRError) -> [ValueID] {
        if operation.name == "constant", let name = operation.string("name") {
            let type = source.type(operation.results[0])
            guard let shape = type.bound([:])?.shape else { throw XIRError(.inference, "'\(name)' has no fixed shape") }
            let constant = builder.constant(name, TensorType(type.elementType, shape))
            guard type.elementType.isHalfPrecision else { return [constant] }
            return try builder.append("cast", [constant], ["to": .elementType(.float32)])
        }
        var operands: [ValueID] = []
        for operand in operation.operands { operands.append(try value(operand)) }
        var attributes = operation.attributes
        if operation.name == "cast", source.type(operation.results[0]).elementType.isHalfPrecision {
            count += 1
            if builder.function.type(operands[0]).elementType == .float32 { return operands }
            attributes["to"] = .elementType(.float32)
        }
        return try builder.append(operation.name, operands, attributes)
    }

    private func value(_ old: ValueID) throws(XIRError) -> ValueID {
        guard let new = values[old] else { throw XIRError(.inference, "a value is read before it is defined") }
        return new
    }
}
