package import DeviceRuntime
import Synchronization
import Tensors
import XIR

/// A device that is described and not there: values come from another device, time from the timing model, and memory is as
/// large as the descriptor says.
///
/// Its clock is its own: the same steps take the same simulated time, however long they take here.
package final class SimulatedDevice: Device {
    package let name: String
    package let descriptor: DeviceDescriptor
    private let functional: any Device
    private let model: TimingModel
    private let fault: FaultInjection?
    private let state: Mutex<State>

    private struct State: Sendable {
        var memory: DeviceMemory
        var report: SimulationReport
        var trace: ExecutionTrace?
        var isLost = false
        /// Bytes of weights and cache, and operations, of all steps.
        var readByteCount = 0
        var operations = 0
    }

    /// `functional` computes the values; `trace` is filled with what happens.
    package init(
        _ descriptor: DeviceDescriptor,
        functional: any Device,
        fault: FaultInjection? = nil,
        trace: ExecutionTrace? = nil
    ) {
        name = descriptor.name
        self.descriptor = descriptor
        self.functional = functional
        self.fault = fault
        model = TimingModel(descriptor)
        let memory = DeviceMemory(byteCount: Int(descriptor.memory.value))
        let report = SimulationReport(device: descriptor.name, memoryByteCount: memory.byteCount)
        state = Mutex(State(memory: memory, report: report, trace: trace))
    }

    package func load(_ program: Program, symbols: [String: Int]) throws(DeviceError) -> any Executable {
        guard program.inputNames == StepProgram.inputs else {
            throw DeviceError(
                .unsupported,
                "'\(name)' is simulated and times step programs alone; '\(program.name)' takes \(program.inputNames)"
            )
        }
        try program.validate(symbols)
        let bytes = try Self.bytes(program, symbols)
        try state.withLock { state throws(DeviceError) in try state.memory.allocate(bytes, on: name) }
        do throws(DeviceError) {
            let executable = try functional.load(program, symbols: symbols)
            return SimulatedExecutable(executable, ProgramWork(program, symbols: symbols), on: self, holding: bytes)
        } catch {
            free(bytes)
            throw error
        }
    }

    package var statistics: DeviceStatistics {
        let threadCount = functional.statistics.threadCount
        return state.withLock { state in
            let held = state.memory.held
            var statistics = DeviceStatistics(
                weightByteCount: held[.weights] ?? 0,
                stateByteCount: held[.states] ?? 0,
                arenaByteCount: (held[.arena] ?? 0) + (held[.transfers] ?? 0),
                threadCount: threadCount
            )
            statistics.memoryByteCount = state.memory.byteCount
            statistics.usedMemoryByteCount = state.memory.usedByteCount
            statistics.onChipByteCount = descriptor.onChipMemory.map { Int($0.value) }
            statistics.runs = state.report.steps
            statistics.busySeconds = state.report.seconds
            statistics.kernels = state.report.kernels
            statistics.readByteCount = state.readByteCount
            statistics.operations = state.operations
            statistics.faults = state.report.faults
            statistics.peakBandwidth = descriptor.memoryBandwidth.value
            statistics.peakOperations = descriptor.peaks.values.map(\.value).max()
            statistics.powerLimit = descriptor.power?.value
            return statistics
        }
    }

    /// What it has done so far.
    package var report: SimulationReport {
        state.withLock { state in
            var report = state.report
            report.usedMemoryByteCount = state.memory.usedByteCount
            return report
        }
    }

    /// What happened so far; nil when none was asked for.
    package var trace: ExecutionTrace? { state.withLock { $0.trace } }

    fileprivate func free(_ bytes: [DeviceMemory.Owner: Int]) {
        state.withLock { $0.memory.free(bytes) }
    }

    /// Bytes that a program holds on the device.
    private static func bytes(_ program: Program, _ symbols: [String: Int]) throws(DeviceError)
        -> [DeviceMemory.Owner: Int]
    {
        let limits = program.limits.merging(symbols) { $1 }
        func size(_ type: ValueType) throws(DeviceError) -> Int {
            guard let bound = type.bound(limits) else {
                throw DeviceError(.invalidProgram, "\(program.name): nothing bounds the symbols of \(type)")
            }
            return bound.byteCount
        }
        var bytes: [DeviceMemory.Owner: Int] = [.arena: program.arenaByteCount]
        for constant in program.constants { bytes[.weights, default: 0] += constant.tensor.byteCount }
        for state in program.states { bytes[.states, default: 0] += try size(state.type) }
        for value in program.inputs + program.outputs {
            bytes[.transfers, default: 0] += try size(program.values[value].type)
        }
        return bytes
    }

    /// Before a run: throws the fault that it is to have, and what a lost device always throws.
    fileprivate func begin() throws(DeviceError) {
        try state.withLock { state throws(DeviceError) in
            guard !state.isLost else {
                throw DeviceError(.deviceLost, "'\(name)' has failed and cannot be used any more: start again")
            }
            state.report.steps += 1
            guard let fault, state.report.steps == fault.run else { return }
            state.report.faults += 1
            let error = fault.error(on: name)
            state.isLost = error.code == .deviceLost
            throw error
        }
    }

    /// After a run: lets its time pass.
    fileprivate func end(_ step: StepWork) {
        state.withLock { state in
            let now = state.report.seconds
            let time = model.time(of: step) { kernel, time, start in
                let bytes = kernel.weightBytes + kernel.cacheBytes + kernel.activationBytes
                state.trace?.append(
                    ExecutionTrace.Event(
                        kernel.name,
                        .kernel,
                        start: now + start,
                        duration: time.seconds,
                        bytes: bytes,
                        operations: kernel.operations
                    )
                )
                state.readByteCount += Int(kernel.weightBytes + kernel.cacheBytes)
                state.operations += Int(kernel.operations)
                state.report.kernels[kernel.name, default: KernelStatistics()].launches += kernel.launches
                state.report.kernels[kernel.name, default: KernelStatistics()].seconds += time.seconds
            }
            state.trace?.append(ExecutionTrace.Event("step", .step, start: now, duration: time.seconds))
            if time.transfer > 0 {
                let bytes = step.bytesToDevice + step.bytesToHost
                state.trace?.append(
                    ExecutionTrace.Event(
                        "copies",
                        .transfer,
                        start: now + time.begin,
                        duration: time.transfer,
                        bytes: bytes
                    )
                )
            }
            state.report.seconds += time.seconds
        }
    }
}

/// A program on a simulated device.
private final class SimulatedExecutable: Executable {
    private let functional: any Executable
    private let work: ProgramWork
    private let device: SimulatedDevice
    private let held: [DeviceMemory.Owner: Int]

    init(
        _ functional: any Executable,
        _ work: ProgramWork,
        on device: SimulatedDevice,
        holding bytes: [DeviceMemory.Owner: Int]
    ) {
        self.functional = functional
        self.work = work
        self.device = device
        held = bytes
    }

    deinit { device.free(held) }

    var program: Program { functional.program }

    func run(_ inputs: [Tensor]) throws(DeviceError) -> [Tensor] {
        try device.begin()
        // It checks the inputs, whose sums the work is then made of.
        let outputs = try functional.run(inputs)
        device.end(try work.step(BatchShape(inputs: inputs)))
        return outputs
    }
}
