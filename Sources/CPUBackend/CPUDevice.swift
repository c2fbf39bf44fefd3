import CKernels
package import DeviceRuntime

/// The processor: C kernels over a team of threads, with float32 sums (whole numbers inside a group) and weights used in place.
///
/// A row's results do not depend on what else is in the batch, on how a prompt is cut into chunks, or on the number of
/// threads: they are the same bit for bit.
package final class CPUDevice: Device {
    package let name = "cpu"
    private let team: ThreadTeam
    private let level: ck_level_t?
    private let ledger = Ledger()

    /// `threads` is at least 1; nil takes as many as the process may keep busy.
    ///
    /// Throws `.outOfMemory` when the threads cannot be made.
    package convenience init(threads: Int? = nil) throws(DeviceError) {
        try self.init(threads: threads, level: nil)
    }

    /// With the instruction set chosen, which tests need.
    init(threads: Int?, level: ck_level_t?) throws(DeviceError) {
        let count = min(max(threads ?? Processors.available, 1), 1024)
        guard let team = ThreadTeam(threads: count) else {
            throw DeviceError(
                .outOfMemory,
                "the operating system gives no \(count) threads; ask for fewer with --threads"
            )
        }
        self.team = team
        self.level = level
    }

    /// As many threads as the process may keep busy.
    package static var availableThreads: Int { Processors.available }

    /// The instruction set that the kernels use: `portable`, `avx2`, `avx512`, `vnni`, `bf16` or `amx`.
    package static var instructionSet: String { String(cString: ck_level_name(ck_level())) }

    package func load(_ program: Program, symbols: [String: Int]) throws(DeviceError) -> any Executable {
        try program.validate(symbols)
        let executable = try CPUExecutable(program, symbols: symbols, team: team, level: level, ledger: ledger)
        return executable
    }

    package var statistics: DeviceStatistics {
        var statistics = ledger.statistics
        statistics.threadCount = team.threadCount
        let memory = SystemMemory().tightest
        statistics.memoryByteCount = memory?.byteCount
        statistics.usedMemoryByteCount = memory?.usedByteCount
        statistics.temperature = ProcessorTemperature.read()
        return statistics
    }
}
