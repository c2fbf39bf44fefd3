import DeviceRuntime
import KongurTesting
import Tensors
import XIR

@testable import CPUBackend

/// A program from a function: every value has a place of its own, so that nothing here depends on a planner.
func makeProgram(_ function: Function, constants: [String: Tensor], limits: [String: Int]) -> Program {
    var program = Program(name: function.name, limits: limits)
    var places: [ValueID: ProgramValue.Place] = [:]
    func define(_ value: ValueID, _ place: ProgramValue.Place) { places[value] = place }
    for parameter in function.parameters {
        let name = function[parameter.value].name ?? ""
        if parameter.kind == .input {
            define(parameter.value, .input(program.inputs.count))
            program.inputs.append(parameter.value.index)
            program.inputNames.append(name)
        } else {
            define(parameter.value, .state(program.states.count))
            program.states.append(ProgramState(name, function.type(parameter.value)))
        }
    }
    for operation in function.operations {
        if operation.name == "constant", let name = operation.string("name"), let tensor = constants[name] {
            define(operation.results[0], .constant(program.constants.count))
            program.constants.append(ProgramConstant(name, tensor))
            continue
        }
        let updates = OperationTable.standard[operation.name]?.updates ?? []
        for (index, result) in operation.results.enumerated() {
            let update = index - (operation.results.count - updates.count)
            if update >= 0 {
                define(result, places[operation.operands[updates[update]]] ?? .arena(offset: 0))
            } else {
                define(result, .arena(offset: program.arenaByteCount))
                let byteCount = function.type(result).bound(limits)?.byteCount ?? 0
                program.arenaByteCount += (byteCount + 63) / 64 * 64
            }
        }
        program.steps.append(
            ProgramStep(
                operation.name,
                operation.operands.map(\.index),
                results: operation.results.map(\.index),
                attributes: operation.attributes
            )
        )
    }
    program.values = function.values.indices.map { index in
        ProgramValue(function.values[index].type, places[ValueID(index)] ?? .arena(offset: 0))
    }
    for result in function.results {
        program.outputs.append(result.value.index)
        program.outputNames.append(result.name)
    }
    return program
}

extension SeededGenerator {
    mutating func tensor(_ shape: Shape, _ type: ElementType = .float32, scale: Float = 1) -> Tensor {
        let values = (0..<shape.elementCount).map { _ in Float.random(in: -scale...scale, using: &self) }
        var tensor = MutableTensor(TensorType(type, shape))
        tensor.withMutableBytes { bytes in
            for (index, value) in values.enumerated() {
                switch type {
                case .float32: bytes.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
                case .float16: bytes.storeBytes(of: Half.bitPattern(value), toByteOffset: 2 * index, as: UInt16.self)
                default: bytes.storeBytes(of: BFloat16(value).bitPattern, toByteOffset: 2 * index, as: UInt16.self)
                }
            }
        }
        return tensor.freeze()
    }
}

/// The largest difference beside 1 plus the reference's size; infinite when the types differ.
func difference(_ left: [Tensor], _ right: [Tensor]) -> Float {
    guard left.map(\.type) == right.map(\.type) else { return .infinity }
    return zip(left, right).reduce(0) { largest, pair in
        zip(pair.0.floats, pair.1.floats).reduce(largest) { largest, values in
            let difference = abs(values.0 - values.1) / (1 + abs(values.1))
            return difference.isNaN ? .infinity : max(largest, difference)
        }
    }
}
