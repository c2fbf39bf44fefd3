import CKernels
import DeviceRuntime
import Tensors
import XIR

/// A program with its steps resolved to kernels and its memory allocated.
///
/// `@unchecked Sendable`: `Executable` asks for one caller at a time, and the team ends its work before `run` returns.
final class CPUExecutable: Executable, @unchecked Sendable {
    let program: Program
    let statistics: DeviceStatistics
    private let team: ThreadTeam
    private let level: ck_level_t?
    private let kernels: [Kernel]
    /// For each kernel the place of its operation in `operationNumbers` and in what a run measures.
    private let kernelPlaces: [Int]
    private let operationNumbers: [Int]
    private let launches: [Int]
    /// What the last run took, by the same places.
    private var nanoseconds: [UInt64]
    private let cost: ProgramCost
    private let checks: [(Frame) -> String?]
    private let frame: Frame
    private let symbolNumbers: [String: Int]
    /// Values whose place changes from run to run, with their input's position.
    private let inputValues: [(value: Int, position: Int)]
    private let arena: Tensor
    private let memories: [Memory]
    private let ledger: Ledger

    /// Counts its memory in `ledger` while it lives; a `level` is for tests.
    init(
        _ program: Program,
        symbols: [String: Int],
        team: ThreadTeam,
        level: ck_level_t?,
        ledger: Ledger
    ) throws(DeviceError) {
        var builder = KernelBuilder(program, symbols: symbols, threadCount: team.threadCount)
        try builder.build()
        var checks: [(Frame) -> String?] = []
        for check in builder.checks { checks.append(try builder.compiled(check)) }

        let cost = try ProgramCost(program, builder)

        // A frozen tensor, so that outputs are tensors over the arena without a copy; they change with the next run.
        do throws(TensorError) {
            let pages = try Storage(zeroedPages: program.arenaByteCount)
            arena = try Tensor(TensorType(.uint8, [program.arenaByteCount]), storage: pages)
        } catch {
            throw DeviceError(
                .outOfMemory,
                "the arena: \(error.message); compile the model for a smaller batch",
                cause: error
            )
        }
        let arenaBase = arena.withBytes { UnsafeMutableRawPointer(mutating: $0.baseAddress.unsafelyUnwrapped) }
        let frame = Frame(
            valueCount: program.values.count,
            symbolCount: builder.symbolNumbers.count,
            placeholder: arenaBase
        )
        var memories: [Memory] = []
        func allocate(_ byteCount: Int, _ purpose: String) throws(DeviceError) -> UnsafeMutableRawPointer {
            let memory = try Memory(byteCount: byteCount, purpose: purpose)
            memories.append(memory)
            return memory.base
        }
        func allocateFloats(_ count: Int) throws(DeviceError) -> UnsafeMutablePointer<Float> {
            try allocate(4 * count, "scratch memory").assumingMemoryBound(to: Float.self)
        }

        var states: [UnsafeMutableRawPointer] = []
        var stateByteCount = 0
        for state in program.states {
            guard let type = state.type.bound(symbols) else {
                throw DeviceError(
                    .invalidInput,
                    "state '\(state.name)' is \(state.type); bind its symbols when loading"
                )
            }
            stateByteCount += type.byteCount
            states.append(try allocate(type.byteCount, "state '\(state.name)'"))
        }
        var inputValues: [(value: Int, position: Int)] = []
        for (number, value) in program.values.enumerated() {
            switch value.place {
            case .input(let position): inputValues.append((number, position))
            case .constant(let position):
                frame.pointers[number] = program.constants[position].tensor.withBytes {
                    UnsafeMutableRawPointer(mutating: $0.baseAddress.unsafelyUnwrapped)
                }
            case .state(let position): frame.pointers[number] = states[position]
            case .arena(let offset): frame.pointers[number] = arenaBase + offset
            }
        }
        for _ in 0..<team.threadCount { frame.threadScratch.append(try allocateFloats(builder.threadScratchCount)) }
        frame.sharedScratch = try allocateFloats(builder.sharedScratchCount)
        for count in builder.tableCounts { frame.tables.append(try allocateFloats(count)) }

        self.program = program
        self.team = team
        self.level = level
        self.checks = checks
        self.frame = frame
        self.inputValues = inputValues
        self.memories = memories
        self.ledger = ledger
        kernels = builder.kernels
        self.cost = cost
        let names = Set(builder.operations).sorted()
        operationNumbers = names.map { ledger.number(of: $0) }
        nanoseconds = Array(repeating: 0, count: names.count)
        launches = names.map { name in builder.operations.count { $0 == name } }
        kernelPlaces = builder.operations.map { name in names.firstIndex(of: name) ?? 0 }
        symbolNumbers = builder.symbolNumbers
        statistics = DeviceStatistics(
            weightByteCount: program.constants.reduce(0) { $0 + $1.tensor.byteCount },
            stateByteCount: stateByteCount,
            arenaByteCount: program.arenaByteCount + memories.reduce(0) { $0 + $1.byteCount } - stateByteCount,
            threadCount: team.threadCount
        )
        ledger.add(statistics, sign: 1)
    }

    deinit { ledger.add(statistics, sign: -1) }

    func run(_ inputs: [Tensor]) throws(DeviceError) -> [Tensor] {
        let symbols = try program.bind(inputs)
        for (name, number) in symbolNumbers { frame.symbols[number] = symbols[name] ?? 0 }
        for (value, position) in inputValues {
            frame.pointers[value] = inputs[position].withBytes {
                UnsafeMutableRawPointer(mutating: $0.baseAddress.unsafelyUnwrapped)
            }
        }
        return try withExtendedLifetime(inputs) { () throws(DeviceError) -> [Tensor] in
            for check in checks {
                if let message = check(frame) { throw DeviceError(.invalidInput, "\(program.name): \(message)") }
            }
            for place in nanoseconds.indices { nanoseconds[place] = 0 }
            nanoseconds.withUnsafeMutableBufferPointer { runKernels($0) }
            ledger.add(
                Ledger.Run(
                    readByteCount: cost.readByteCount(inputs),
                    operations: cost.operations(frame.symbols),
                    nanoseconds: nanoseconds,
                    launches: launches,
                    numbers: operationNumbers
                )
            )
            return try outputs(inputs, symbols)
        }
    }

    /// Runs all kernels and adds the time of each to its operation's.
    ///
    /// The first thread looks at the clock behind each barrier, so a kernel's time is that of its slowest thread.
    private func runKernels(_ nanoseconds: UnsafeMutableBufferPointer<UInt64>) {
        team.run { worker in
            // One of these threads is the caller's, which gets its level back.
            let callersLevel = ck_level()
            if let level { ck_set_level(level) }
            defer { if level != nil { ck_set_level(callersLevel) } }
            var before = Nanoseconds.now
            for (kernel, place) in zip(kernels, kernelPlaces) {
                kernel(frame, worker)
                worker.barrier()
                guard worker.index == 0 else { continue }
                let now = Nanoseconds.now
                nanoseconds[place] += now - before
                before = now
            }
        }
    }

    private func outputs(_ inputs: [Tensor], _ symbols: [String: Int]) throws(DeviceError) -> [Tensor] {
        var outputs: [Tensor] = []
        for number in program.outputs {
            let value = program.values[number]
            do throws(TensorError) {
                guard let type = value.type.bound(symbols) else {
                    throw TensorError(.sizeMismatch, "\(value.type) has unbound symbols")
                }
                switch value.place {
                case .input(let position): outputs.append(try inputs[position].reshaped(type.shape))
                case .constant(let position):
                    outputs.append(try program.constants[position].tensor.reshaped(type.shape))
                case .arena(let offset):
                    outputs.append(try Tensor(type, storage: arena.storage, byteOffset: offset))
                case .state: throw TensorError(.outOfBounds, "a state cannot be an output")
                }
            } catch {
                throw DeviceError(.unsupported, "\(program.name): output \(number): \(error.message)", cause: error)
            }
        }
        return outputs
    }
}
