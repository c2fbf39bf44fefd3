import DeviceRuntime
import ReferenceBackend
import Tensors
import XIR

/// Runs single steps of a program on a device and on the reference with the same random numbers.
struct OperationProbe {
    let device: KunlunDevice
    let program: Program
    let blockSize: Int
    let vocabularySize: Int
    let contextLength: Int

    /// Checks every step that is not like an earlier one and is chosen, with `rows` tokens of some sequences.
    func checks(rows: Int, sequences: Int = 1, where isChosen: (ProgramStep) -> Bool = { _ in true })
        -> [CheckupReport.Operation]
    {
        var seen: Set<String> = []
        var checks: [CheckupReport.Operation] = []
        for (index, step) in program.steps.enumerated() where isChosen(step) {
            let types = step.operands.map { program.values[$0].type.description }
            guard seen.insert("\(step.operation) \(types)").inserted else { continue }
            checks.append(check(stepsUp(to: index), rows: rows, sequences: min(sequences, rows)))
        }
        return checks
    }

    /// A step with what it needs: attention a cache that was written, which the step before it does.
    func stepsUp(to index: Int) -> [ProgramStep] {
        let first = program.steps[index].operation == "paged_attention" && index > 0 ? index - 1 : index
        return Array(program.steps[first...index])
    }

    /// Checks a program that has constants alone for weights.
    func check(_ steps: [ProgramStep], rows: Int, sequences: Int = 1) -> CheckupReport.Operation {
        let last = steps[steps.count - 1]
        var check = CheckupReport.Operation(
            operation: last.operation,
            operands: last.operands.map { program.values[$0].type.description },
            rows: rows,
            ranOn: "device",
            // f16 has 11 bits; whole numbers may be rounded the other way at a tie.
            tolerance: last.operation == "quantized_linear" ? 1e-2 : 2e-3
        )
        do throws(DeviceError) {
            let part = part(steps)
            let layout = Layout(rows: rows, sequences: sequences, blockSize: blockSize)
            let inputs = try inputs(part, layout)
            let symbols = [StepProgram.cacheBlocks: layout.blockCount]
            let expected = try ReferenceDevice().load(part, symbols: symbols).run(inputs)
            let executable = try device.load(part, symbols: symbols)
            let before = device.activity.fallbacks.values.reduce(0, +)
            let actual = try executable.run(inputs)
            if device.activity.fallbacks.values.reduce(0, +) > before { check.ranOn = "cpu" }
            let error = Self.difference(actual, expected)
            if error.isFinite { check.error = error } else { check.failure = "it gave what is no number" }
            var best = Double.infinity
            for _ in 0..<3 {
                let start = DeviceThread.now()
                _ = try executable.run(inputs)
                best = min(best, DeviceThread.now() - start)
            }
            check.seconds = best
        } catch {
            check.failure = error.message
        }
        return check
    }

    /// Some steps as a program: what they take from others becomes an input, and what they give an output.
    private func part(_ steps: [ProgramStep]) -> Program {
        var part = program
        part.steps = steps
        let made = Set(steps.flatMap(\.results))
        part.inputs = []
        part.inputNames = []
        for operand in steps.flatMap(\.operands) where !made.contains(operand) && !part.inputs.contains(operand) {
            switch program.values[operand].place {
            case .constant, .state: continue
            case .input(let position): part.inputNames.append(program.inputNames[position])
            case .arena: part.inputNames.append("value \(operand)")
            }
            part.values[operand].place = .input(part.inputs.count)
            part.inputs.append(operand)
        }
        part.outputs = steps[steps.count - 1].results
        part.outputNames = part.outputs.map { "value \($0)" }
        // Only the constants and states that are used, so that a large model is not loaded for each step.
        let used = Set(steps.flatMap { $0.operands + $0.results })
        var constants: [Int: Int] = [:]
        var states: [Int: Int] = [:]
        part.constants = []
        part.states = []
        for value in used.sorted() {
            switch program.values[value].place {
            case .constant(let position):
                if constants[position] == nil {
                    constants[position] = part.constants.count
                    part.constants.append(program.constants[position])
                }
                part.values[value].place = .constant(constants[position] ?? 0)
            case .state(let position):
                if states[position] == nil {
                    states[position] = part.states.count
                    part.states.append(program.states[position])
                }
                part.values[value].place = .state(states[position] ?? 0)
            case .input, .arena: break
            }
        }
        // Nothing looks at the other values; they must not point to what is gone, nor need memory.
        for value in part.values.indices where !used.contains(value) {
            part.values[value] = ProgramValue(ValueType(.float32, []), .arena(offset: 0))
        }
        part.arenaByteCount = part.values.reduce(0) { end, value in
            guard case .arena(let offset) = value.place, let type = value.type.bound(part.limits) else { return end }
            return max(end, offset + (type.byteCount + 63) / 64 * 64)
        }
        return part
    }

    /// The sequences' inputs, and for everything else numbers about 1 from a fixed seed.
    private func inputs(_ part: Program, _ layout: Layout) throws(DeviceError) -> [Tensor] {
        var random = SeededNumbers()
        let tokens = (0..<layout.rows).map { _ in random.below(vocabularySize) }
        let given = layout.inputs(tokens)
        let symbols = [
            StepProgram.tokens: layout.rows, StepProgram.sequences: layout.lengths.count,
            StepProgram.outputs: layout.rows, StepProgram.table: layout.columns,
        ]
        var inputs: [Tensor] = []
        for (number, name) in zip(part.inputs, part.inputNames) {
            if let position = StepProgram.inputs.firstIndex(of: name) {
                inputs.append(given[position])
                continue
            }
            guard let type = part.values[number].type.bound(symbols) else {
                throw DeviceError(.invalidInput, "\(name) of type \(part.values[number].type) has unbound symbols")
            }
            let numbers = Tensor((0..<type.shape.elementCount).map { _ in random.next() }, type.shape)
            inputs.append(
                try Interpreter.evaluate(
                    Operation("cast", [], results: [], attributes: ["to": .elementType(type.elementType)]),
                    [numbers],
                    resultTypes: [type],
                    symbols: [:],
                    constants: [:]
                )[0]
            )
        }
        return inputs
    }

    /// Sequences that begin in this step, of growing lengths, with blocks of their own.
    private struct Layout {
        let rows: Int
        let blockSize: Int
        let lengths: [Int]

        init(rows: Int, sequences: Int, blockSize: Int) {
            (self.rows, self.blockSize) = (rows, blockSize)
            // 1, 11 and 21 of 33.
            let first = (0..<sequences - 1).map { max(1, 2 * rows * $0 / (sequences * (sequences - 1))) }
            lengths = first + [rows - first.reduce(0, +)]
        }

        var columns: Int { lengths.map(blocks).max() ?? 0 }
        var blockCount: Int { lengths.map(blocks).reduce(0, +) }

        private func blocks(_ length: Int) -> Int { (length + blockSize - 1) / blockSize }

        /// In the order of `StepProgram.inputs`.
        func inputs(_ tokens: [Int]) -> [Tensor] {
            var (positions, slots, starts, tables): ([Int], [Int], [Int], [Int]) = ([], [], [0], [])
            var block = 0
            for length in lengths {
                positions += 0..<length
                slots += (0..<length).map { block * blockSize + $0 }
                starts.append(positions.count)
                tables += (0..<columns).map { $0 < blocks(length) ? block + $0 : 0 }
                block += blocks(length)
            }
            func vector(_ values: [Int]) -> Tensor { Tensor(values.map { Int32(clamping: $0) }, [values.count]) }
            return [
                vector(tokens), vector(positions), vector(slots), vector(starts), vector(lengths),
                Tensor(tables.map { Int32(clamping: $0) }, [lengths.count, columns]), vector(Array(0..<rows)),
            ]
        }
    }

    /// The norm of the difference relative to that of what is expected; slots of caches that were never written, which are
    /// no numbers on either side, do not count.
    static func difference(_ actual: [Tensor], _ expected: [Tensor]) -> Double {
        var (difference, norm) = (0.0, 0.0)
        for (actual, expected) in zip(actual, expected) {
            for (left, right) in zip(actual.floats, expected.floats) where !(left.isNaN && right.isNaN) {
                difference += Double(left - right) * Double(left - right)
                norm += Double(right) * Double(right)
            }
        }
        return difference.isNaN ? .infinity : (difference / max(norm, 1e-30)).squareRoot()
    }
}

extension OperationProbe {
    init(device: KunlunDevice, _ model: CompiledModel) {
        self.init(
            device: device,
            program: model.program,
            blockSize: model.cache.blockSize,
            vocabularySize: model.vocabularySize,
            contextLength: model.contextLength
        )
    }
}

/// The same numbers on every machine.
struct SeededNumbers {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// From -2 to 2.
    mutating func next() -> Float { Float(below(4001)) / 1000 - 2 }

    mutating func below(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(max(limit, 1)))
    }
}
