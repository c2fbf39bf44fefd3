package import DeviceRuntime
import Tensors
package import XIR

/// Turns a function into a program: places for values, then the list of steps.
package struct ProgramEmitter {
    private let function: Function
    private let constants: [String: Constant]
    private let limits: [String: Int]
    private var program: Program
    /// For each value of the function, the value whose bytes it shares (itself, unless it is a view or an update).
    private var roots: [Int]

    /// Compiles `function` for symbols up to `limits`.
    ///
    /// Throws `.unsupportedGraph` when a value's size at the limits is unknown or too large, or a constant's values are
    /// missing.
    package static func emit(
        _ function: Function,
        constants: [String: Constant],
        limits: [String: Int]
    ) throws(CompilerError) -> Program {
        var emitter = ProgramEmitter(function, constants, limits)
        try emitter.place()
        emitter.steps()
        return emitter.program
    }

    private init(_ function: Function, _ constants: [String: Constant], _ limits: [String: Int]) {
        self.function = function
        self.constants = constants
        self.limits = limits
        program = Program(name: function.name, limits: limits)
        roots = Array(function.values.indices)
        for operation in function.operations {
            if operation.name == "reshape" {
                roots[operation.results[0].index] = roots[operation.operands[0].index]
            }
            // The updated versions are the last results, in the order of the operands that are updated.
            let updates = OperationTable.standard[operation.name]?.updates ?? []
            for (result, operand) in zip(operation.results.suffix(updates.count), updates) {
                roots[result.index] = roots[operation.operands[operand].index]
            }
        }
    }

    private mutating func place() throws(CompilerError) {
        var places: [Int: ProgramValue.Place] = [:]
        for parameter in function.parameters {
            let (index, value) = (parameter.value.index, function[parameter.value])
            switch parameter.kind {
            case .input:
                places[index] = .input(program.inputs.count)
                program.inputs.append(index)
                program.inputNames.append(value.name ?? "\(index)")
            case .state:
                places[index] = .state(program.states.count)
                program.states.append(ProgramState(value.name ?? "\(index)", value.type))
            }
        }
        // A table that is also the output head's weights is one constant, although two operations name it.
        var positions: [String: Int] = [:]
        for operation in function.operations where operation.name == "constant" {
            let name = operation.string("name") ?? ""
            if let position = positions[name] {
                places[operation.results[0].index] = .constant(position)
                continue
            }
            positions[name] = program.constants.count
            guard let tensor = constants[name]?.tensor else {
                throw CompilerError(.unsupportedGraph, "the values of constant '\(name)' are missing")
            }
            places[operation.results[0].index] = .constant(program.constants.count)
            program.constants.append(ProgramConstant(name, tensor))
        }
        try placeInArena(&places)
        program.values = try function.values.indices.map { index throws(CompilerError) in
            guard let place = places[roots[index]] else {
                throw CompilerError(.invalidModule, "value \(index) of '\(function.name)' has no place")
            }
            return ProgramValue(function.values[index].type, place)
        }
        program.outputs = function.results.map(\.value.index)
        program.outputNames = function.results.map(\.name)
    }

    private mutating func placeInArena(_ places: inout [Int: ProgramValue.Place]) throws(CompilerError) {
        var intervals: [MemoryPlanner.Interval] = []
        var owners: [Int] = []
        var slot: [Int: Int] = [:]
        let end = function.operations.count
        for (step, operation) in function.operations.enumerated() {
            for value in operation.operands {
                if let index = slot[roots[value.index]] { intervals[index].last = step }
            }
            for value in operation.results where roots[value.index] == value.index && places[value.index] == nil {
                guard let byteCount = function.type(value).bound(limits)?.byteCount,
                    byteCount <= Program.largestByteCount
                else {
                    throw CompilerError(
                        .unsupportedGraph,
                        "'\(operation.name)' has a result \(function.type(value)) whose size at the limits is not known or too large"
                    )
                }
                slot[value.index] = intervals.count
                owners.append(value.index)
                intervals.append(MemoryPlanner.Interval(byteCount: byteCount, first: step, last: step))
            }
        }
        for result in function.results {
            if let index = slot[roots[result.value.index]] { intervals[index].last = end }
        }
        let plan = MemoryPlanner(intervals)
        for (owner, offset) in zip(owners, plan.offsets) { places[owner] = .arena(offset: offset) }
        program.arenaByteCount = plan.arenaByteCount
    }

    private mutating func steps() {
        program.steps = function.operations.compactMap { operation in
            if operation.name == "constant" || operation.name == "reshape" { return nil }
            return ProgramStep(
                operation.name,
                operation.operands.map(\.index),
                results: operation.results.map(\.index),
                attributes: operation.attributes
            )
        }
    }
}
