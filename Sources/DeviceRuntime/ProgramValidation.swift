import Tensors
import XIR

extension Program {
    /// Checks that a program, wherever it comes from, can be run without reading or writing out of bounds.
    ///
    /// Every number names something that is there and has a range, every step's types are what its operation yields, and
    /// every value fits its place whatever inputs bind: no length falls as a symbol rises, and all fit at the limits.
    /// `symbols` are those that loading binds. Throws `.invalidProgram` saying which step or value is at fault.
    package func validate(_ symbols: [String: Int] = [:]) throws(DeviceError) {
        try checkCounts()
        try checkNames()
        var bounds = ValueBounds(limits.merging(symbols) { $1 }, inputs.map { values[$0].type }, states.map(\.type))
        for symbol in symbols.keys { bounds.loadSymbols.insert(symbol) }
        for state in states {
            if let fault = bounds.fault(ofState: state.type) { throw invalid("state '\(state.name)' \(fault)") }
        }
        for (index, value) in values.enumerated() { try check(value, index, bounds) }
        try checkArena(bounds)
        for (index, step) in steps.enumerated() { try check(step, index, bounds) }
    }

    /// The most bytes of a value or an arena.
    package static let largestByteCount = 1 << 40
    /// More of anything has no program.
    private static let mostEntries = 1 << 17

    func invalid(_ reason: String) -> DeviceError {
        DeviceError(.invalidProgram, "\(name): \(reason); compile the model again")
    }

    private func checkCounts() throws(DeviceError) {
        let counts = [
            ("values", values.count), ("inputs", inputs.count), ("outputs", outputs.count), ("states", states.count),
            ("constants", constants.count), ("steps", steps.count), ("limits", limits.count),
        ]
        for (label, count) in counts where count > Self.mostEntries {
            throw invalid("there are \(count) \(label), and at most \(Self.mostEntries) are allowed")
        }
        let range = 1...Int(Int32.max)
        for (symbol, limit) in limits.sorted(by: { $0.key < $1.key }) where !range.contains(limit) {
            throw invalid("limits.\(symbol) is \(limit), not in \(range)")
        }
        let bytes = 0...Self.largestByteCount
        guard bytes.contains(arenaByteCount) else {
            throw invalid("arenaByteCount is \(arenaByteCount), not in \(bytes)")
        }
    }

    private func checkNames() throws(DeviceError) {
        for value in inputs + outputs where !values.indices.contains(value) {
            throw invalid("an input or output names value \(value), but there are \(values.count)")
        }
        guard inputs.count == inputNames.count, outputs.count == outputNames.count else {
            throw invalid("inputs or outputs are without names")
        }
        for (position, input) in inputs.enumerated() where values[input].place != .input(position) {
            throw invalid("input \(position) is value \(input), which is at another place")
        }
    }

    private func check(_ value: ProgramValue, _ index: Int, _ bounds: ValueBounds) throws(DeviceError) {
        if case .state(let position) = value.place {
            guard states.indices.contains(position), states[position].type == value.type else {
                throw invalid("value \(index) is no state of type \(value.type)")
            }
            return
        }
        if let fault = bounds.fault(of: value.type) { throw invalid("value \(index) \(fault)") }
        switch value.place {
        case .input(let position):
            guard inputs.indices.contains(position) else { throw invalid("value \(index) is input \(position)") }
            let input = values[inputs[position]]
            guard value.type.elementType == input.type.elementType, Self.sameSize(value.type, input.type) else {
                throw invalid("value \(index) is no view of input \(position)")
            }
            if let symbol = value.type.symbols.intersection(bounds.loadSymbols).min() {
                throw invalid("input \(position) mentions '\(symbol)', which loading binds")
            }
        case .constant(let position):
            guard constants.indices.contains(position) else { throw invalid("value \(index) is constant \(position)") }
            let type = ValueType(constants[position].tensor.type)
            guard value.type.elementType == type.elementType, Self.sameSize(value.type, type) else {
                throw invalid("value \(index) is \(value.type), but constant '\(constants[position].name)' is \(type)")
            }
        case .arena(let offset):
            guard let byteCount = value.type.bound(bounds.limits)?.byteCount, offset >= 0,
                offset % Self.alignment == 0, byteCount <= arenaByteCount, offset <= arenaByteCount - byteCount
            else { throw invalid("value \(index) of type \(value.type) does not fit the arena") }
        case .state: break
        }
    }

    /// Where values begin in an arena.
    private static let alignment = 64

    /// Refuses an arena of which no value needs the end.
    private func checkArena(_ bounds: ValueBounds) throws(DeviceError) {
        var end = 0
        for value in values {
            guard case .arena(let offset) = value.place, let byteCount = value.type.bound(bounds.limits)?.byteCount
            else { continue }
            end = max(end, offset + byteCount)
        }
        let most = (end + Self.alignment - 1) / Self.alignment * Self.alignment
        guard arenaByteCount <= most else {
            throw invalid("arenaByteCount is \(arenaByteCount), and the values end at \(most)")
        }
    }

    private static func sameSize(_ left: ValueType, _ right: ValueType) -> Bool {
        OperationDefinition.sameElementCount(left.extents, right.extents)
    }

    private func check(_ step: ProgramStep, _ index: Int, _ bounds: ValueBounds) throws(DeviceError) {
        for value in step.operands + step.results where !values.indices.contains(value) {
            throw invalid("step \(index) (\(step.operation)) names value \(value), but there are \(values.count)")
        }
        guard let definition = OperationTable.standard[step.operation], step.operation != "constant" else {
            throw invalid("step \(index) is the unknown operation '\(step.operation)'")
        }
        let operation = Operation(step.operation, [], results: [], attributes: step.attributes)
        let operands = step.operands.map { values[$0].type }
        let types: [ValueType]
        do {
            types = try definition.infer(operands, operation)
        } catch {
            throw invalid("step \(index): \(error.message)")
        }
        guard types == step.results.map({ values[$0].type }) else {
            throw invalid("step \(index) (\(step.operation)) has results of other types than it yields")
        }
        if let fault = bounds.fault(of: operation, operands) {
            throw invalid("step \(index) (\(step.operation)) \(fault)")
        }
        var updated: Set<Int> = []
        for (result, operand) in zip(step.results.suffix(definition.updates.count), definition.updates) {
            guard case .state(let position) = values[result].place,
                values[step.operands[operand]].place == values[result].place, updated.insert(position).inserted
            else { throw invalid("step \(index) (\(step.operation)) does not update a state of its own in place") }
        }
        for result in step.results.dropLast(definition.updates.count) {
            guard case .arena = values[result].place else {
                throw invalid("step \(index) (\(step.operation)) writes outside the arena")
            }
        }
    }
}
