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

    /// Checks every step that is not like an earlier one, with `rows` tokens.
    func checks(rows: Int) -> [CheckupReport.Operation] {
        var seen: Set<String> = []
        var checks: [CheckupReport.Operation] = []
        for (index, step) in program.steps.enumerated() {
            let types = step.operands.map { program.values[$0].type.description }
            guard seen.insert("\(step.operation) \(types)").inserted else { continue }
            // Attention needs a cache that was written: the step before it does that.
            let first = step.operation == "paged_attention" && index > 0 ? index - 1 : index
            checks.append(check(Array(program.steps[first...index]), rows: rows))
        }
        return checks
    }

    /// Checks a program that has constants alone for weights.
    func check(_ steps: [ProgramStep], rows: Int) -> CheckupReport.Operation {
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
            let inputs = try inputs(part, rows: rows)
            let symbols = [StepProgram.cacheBlocks: (rows + blockSize - 1) / blockSize]
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
        // Nothing looks at the other values; they must not point to what is gone.
        for value in part.values.indices where !used.contains(value) { part.values[value].place = .arena(offset: 0) }
        return part
    }

    /// One sequence of `rows` tokens, and for everything else numbers about 1 from a fixed seed.
    private func inputs(_ part: Program, rows: Int) throws(DeviceError) -> [Tensor] {
        var random = SeededNumbers()
        let tokens = (0..<rows).map { _ in random.below(vocabularySize) }
        let sequence = SingleSequence(tokens, blockSize: blockSize).inputs(0..<rows)
        let symbols = [
            StepProgram.tokens: rows, StepProgram.sequences: 1, StepProgram.outputs: rows,
            StepProgram.table: (rows + blockSize - 1) / blockSize,
        ]
        var inputs: [Tensor] = []
        for (number, name) in zip(part.inputs, part.inputNames) {
            if let position = StepProgram.inputs.firstIndex(of: name) {
                inputs.append(sequence[position])
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
