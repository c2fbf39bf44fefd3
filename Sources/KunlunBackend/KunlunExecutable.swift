import CKunlun
import DeviceRuntime
import ReferenceBackend
import Tensors
import XIR

/// A program whose weights and states are on a device.
///
/// `@unchecked Sendable`: `Executable` asks for one caller at a time, and the rest happens on the device's thread.
final class KunlunExecutable: Executable, @unchecked Sendable {
    let program: Program
    private let device: KunlunDevice
    private let session: KunlunSession
    private let symbols: [String: Int]
    private let memory: DeviceMemory
    /// Where each value of the program stands on the device.
    private let pointers: [UnsafeMutableRawPointer]
    /// For each step the operator that runs it, or nil for the CPU.
    private let kernels: [KunlunKernel?]
    /// Where the states stand.
    private let caches: [UnsafeMutableRawPointer]
    private let footprint: (weights: Int, states: Int, arena: Int)

    init(_ program: Program, symbols: [String: Int], on device: KunlunDevice) throws(DeviceError) {
        self.program = program
        self.device = device
        self.symbols = symbols
        session = device.session
        kernels = try KunlunKernels.kernels(
            for: program,
            session.operators,
            allowsFallback: device.options.allowsFallback
        )
        var states: [Int] = []
        for state in program.states {
            guard let type = state.type.bound(symbols) else {
                throw DeviceError(
                    .invalidInput,
                    "state '\(state.name)' of type \(state.type) has unbound symbols or no size"
                )
            }
            states.append(type.byteCount)
        }
        let inputs = try program.inputs.map { number throws(DeviceError) in
            guard let type = program.values[number].type.bound(program.limits) else {
                throw DeviceError(.invalidProgram, "an input of type \(program.values[number].type) has no limit")
            }
            return type.byteCount
        }
        memory = DeviceMemory(session)
        let (memory, session) = (memory, session)
        footprint = (
            program.constants.reduce(0) { $0 + $1.tensor.byteCount }, states.reduce(0, +),
            program.arenaByteCount + inputs.reduce(0, +)
        )
        (pointers, caches) = try session.thread.run { () throws(DeviceError) in
            var constants: [UnsafeMutableRawPointer] = []
            for constant in program.constants {
                let target = try memory.allocate(constant.tensor.byteCount)
                constants.append(target)
                var offset = 0
                try constant.tensor.forEachPiece { (piece) throws(DeviceError) in
                    try session.copyToDevice(target + offset, piece)
                    offset += piece.count
                }
            }
            // Caches start as NaN, so that a slot that was never written shows.
            let blank = [UInt8](repeating: 0xFF, count: 1 << 20)
            var places: [UnsafeMutableRawPointer] = []
            for byteCount in states {
                let target = try memory.allocate(byteCount)
                places.append(target)
                for start in stride(from: 0, to: byteCount, by: blank.count) {
                    let count = min(blank.count, byteCount - start)
                    let result = blank.withUnsafeBytes { bytes in
                        Result { () throws(DeviceError) in
                            try session.copyToDevice(target + start, UnsafeRawBufferPointer(rebasing: bytes[..<count]))
                        }
                    }
                    try result.get()
                }
            }
            var given: [UnsafeMutableRawPointer] = []
            for byteCount in inputs { given.append(try memory.allocate(byteCount)) }
            let arena = try memory.allocate(program.arenaByteCount)
            let pointers = program.values.map { value in
                switch value.place {
                case .input(let position): given[position]
                case .constant(let position): constants[position]
                case .state(let position): places[position]
                case .arena(let offset): arena + offset
                }
            }
            return (pointers, places)
        }
        device.count {
            $0.weightByteCount += footprint.weights
            $0.stateByteCount += footprint.states
            $0.arenaByteCount += footprint.arena
        }
    }

    deinit {
        let (session, caches) = (session, caches)
        try? session.thread.run(evenIfFailed: true) { () throws(DeviceError) in session.forget(caches) }
        device.count {
            $0.weightByteCount -= footprint.weights
            $0.stateByteCount -= footprint.states
            $0.arenaByteCount -= footprint.arena
        }
    }

    func run(_ inputs: [Tensor]) throws(DeviceError) -> [Tensor] {
        let bound = symbols.merging(try program.bind(inputs)) { _, bound in bound }
        let start = DeviceThread.now()
        do throws(DeviceError) {
            let outputs = try session.thread.run { () throws(DeviceError) in try self.runOnThread(inputs, bound) }
            device.count {
                $0.runs += 1
                $0.busySeconds += DeviceThread.now() - start
            }
            return outputs
        } catch {
            device.count { $0.faults += 1 }
            // What was begun still reads the inputs, which the next run writes.
            try? session.thread.run { () throws(DeviceError) in try self.session.wait() }
            throw error
        }
    }

    private func runOnThread(_ inputs: [Tensor], _ symbols: [String: Int]) throws(DeviceError) -> [Tensor] {
        for (position, tensor) in inputs.enumerated() {
            let target = pointers[program.inputs[position]]
            try send(tensor, to: target)
        }
        let frame = try KunlunFrame(program, pointers, inputs, symbols, session.context)
        for (index, step) in program.steps.enumerated() {
            if let kernel = kernels[index] {
                let start = DeviceThread.now()
                let answer = try kernel.run(frame, session)
                if answer == KONGUR_KUNLUN_OK {
                    device.count {
                        $0.kernels[step.operation, default: KernelStatistics()].launches += 1
                        $0.kernels[step.operation, default: KernelStatistics()].seconds += DeviceThread.now() - start
                    }
                    continue
                }
                // Other shapes of the same step it may have.
                try refuse(answer, kernel.name, step, frame)
            }
            device.count { $0.fallbacks[step.operation, default: 0] += 1 }
            try runOnHost(step, frame)
        }
        try session.wait()
        var outputs: [Tensor] = []
        for output in program.outputs { outputs.append(try receive(output, frame)) }
        return outputs
    }

    /// Throws unless the answer is that the CPU should do this step, and it may.
    private func refuse(_ answer: Int32, _ name: StaticString, _ step: ProgramStep, _ frame: KunlunFrame)
        throws(DeviceError)
    {
        let types = step.operands.compactMap { frame.types[$0]?.description }.joined(separator: ", ")
        switch answer {
        case KONGUR_KUNLUN_UNSUPPORTED where device.options.allowsFallback: return
        case KONGUR_KUNLUN_UNSUPPORTED:
            throw DeviceError(
                .unsupported,
                "\(device.name): the operator library does not have '\(step.operation)' of (\(types)), and --no-fallback forbids the CPU to run it"
            )
        case KONGUR_KUNLUN_INVALID:
            throw DeviceError(
                .failed,
                "\(device.name): \(name) refused '\(step.operation)' of (\(types)) as invalid; run kongur doctor --device \(device.name) and send its report"
            )
        default: throw session.error(answer, name)
        }
    }

    /// Runs a step on the CPU by the reference: what it takes comes to the host, and what it gives goes back.
    private func runOnHost(_ step: ProgramStep, _ frame: KunlunFrame) throws(DeviceError) {
        try session.wait()
        var operands: [Tensor] = []
        for operand in step.operands { operands.append(try receive(operand, frame)) }
        var types: [TensorType] = []
        for result in step.results { types.append(try frame.type(result)) }
        let results = try Interpreter.evaluate(
            Operation(step.operation, [], results: [], attributes: step.attributes),
            operands,
            resultTypes: types,
            symbols: frame.symbols,
            constants: [:]
        )
        for (number, tensor) in zip(step.results, results) { try send(tensor, to: pointers[number]) }
    }

    private func send(_ tensor: Tensor, to target: UnsafeMutableRawPointer) throws(DeviceError) {
        try tensor.withBytes { (bytes) throws(DeviceError) in try session.copyToDevice(target, bytes) }
    }

    /// A value's numbers; those of inputs and constants are on the host already.
    private func receive(_ number: Int, _ frame: KunlunFrame) throws(DeviceError) -> Tensor {
        let type = try frame.type(number)
        if case .constant(let position) = program.values[number].place { return program.constants[position].tensor }
        var tensor = MutableTensor(type)
        try tensor.withMutableBytes { (bytes) throws(DeviceError) in
            try session.copyToHost(bytes, pointers[number])
        }
        return tensor.freeze()
    }
}
