import Tensors
import XIR

extension Program {
    /// Checks that a program, wherever it comes from, can be run without reading or writing out of bounds.
    ///
    /// Every number names something that is there, every step's types are what its operation yields, and every value
    /// fits its place at the limits. Throws `.invalidProgram` saying which step or value is at fault.
    package func validate() throws(DeviceError) {
        for value in inputs + outputs where !values.indices.contains(value) {
            throw invalid("an input or output names value \(value), but there are \(values.count)")
        }
        guard inputs.count == inputNames.count, outputs.count == outputNames.count else {
            throw invalid("inputs or outputs are without names")
        }
        for (index, value) in values.enumerated() { try check(value, index) }
        for (index, step) in steps.enumerated() { try check(step, index) }
    }

    private func invalid(_ reason: String) -> DeviceError {
        DeviceError(.invalidProgram, "\(name): \(reason); compile the model again")
    }

    private func check(_ value: ProgramValue, _ index: Int) throws(DeviceError) {
        switch value.place {
        case .input(let position):
            guard inputs.indices.contains(position) else { throw invalid("value \(index) is input \(position)") }
            let input = values[inputs[position]]
            guard value.type.elementType == input.type.elementType, Self.sameSize(value.type, input.type) else {
                throw invalid("value \(index) is no view of input \(position)")
            }
        case .constant(let position):
            guard constants.indices.contains(position) else { throw invalid("value \(index) is constant \(position)") }
            let type = ValueType(constants[position].tensor.type)
            guard value.type.elementType == type.elementType, Self.sameSize(value.type, type) else {
                throw invalid("value \(index) is \(value.type), but constant '\(constants[position].name)' is \(type)")
            }
        case .state(let position):
            guard states.indices.contains(position), states[position].type == value.type else {
                throw invalid("value \(index) is no state of type \(value.type)")
            }
        case .arena(let offset):
            guard let byteCount = value.type.bound(limits)?.byteCount, offset >= 0, offset % 64 == 0,
                arenaByteCount >= 0, byteCount <= arenaByteCount, offset <= arenaByteCount - byteCount
            else { throw invalid("value \(index) of type \(value.type) does not fit the arena") }
        }
    }

    private static func sameSize(_ left: ValueType, _ right: ValueType) -> Bool {
        OperationDefinition.sameElementCount(left.extents, right.extents)
    }

    private func check(_ step: ProgramStep, _ index: Int) throws(DeviceError) {
        for value in step.operands + step.results where !values.indices.contains(value) {
            throw invalid("step \(index) (\(step.operation)) names value \(value), but there are \(values.count)")
        }
        guard let definition = OperationTable.standard[step.operation], step.operation != "constant" else {
            throw invalid("step \(index) is the unknown operation '\(step.operation)'")
        }
        let operation = Operation(step.operation, [], results: [], attributes: step.attributes)
        let types: [ValueType]
        do {
            types = try definition.infer(step.operands.map { values[$0].type }, operation)
        } catch {
            throw invalid("step \(index): \(error.message)")
        }
        guard types == step.results.map({ values[$0].type }) else {
            throw invalid("step \(index) (\(step.operation)) has results of other types than it yields")
        }
        for (result, operand) in zip(step.results.suffix(definition.updates.count), definition.updates) {
            guard values[result].place == values[step.operands[operand]].place else {
                throw invalid("step \(index) (\(step.operation)) does not update its state in place")
            }
        }
        for result in step.results.dropLast(definition.updates.count) {
            guard case .arena = values[result].place else {
                throw invalid("step \(index) (\(step.operation)) writes outside the arena")
            }
        }
    }
}
