import CKernels
package import DeviceRuntime
import Synchronization

/// The processor: C kernels over a team of threads, with float32 sums (whole numbers inside a group) and weights used in place.
///
/// A row's results do not depend on what else is in the batch, on how a prompt is cut into chunks, or on the number of
/// threads: they are the same bit for bit.
package final class CPUDevice: Device {
    package let name = "cpu"
    private let team: ThreadTeam
    private let level: ck_level_t?
    private let loaded = Loaded()

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

    /// The instruction set that the kernels use: `portable`, `avx2`, `avx512`, `vnni` or `bf16`.
    package static var instructionSet: String { String(cString: ck_level_name(ck_level())) }

    package func load(_ program: Program, symbols: [String: Int]) throws(DeviceError) -> any Executable {
        try program.validate()
        let executable = try CPUExecutable(program, symbols: symbols, team: team, level: level, loaded: loaded)
        return executable
    }

    package var statistics: DeviceStatistics {
        var statistics = loaded.memory.withLock { $0 }
        statistics.threadCount = team.threadCount
        return statistics
    }
}

/// Memory of the executables that a device has loaded and that still live.
final class Loaded: Sendable {
    let memory = Mutex(DeviceStatistics())

    func add(_ statistics: DeviceStatistics, sign: Int) {
        memory.withLock {
            $0.weightByteCount += sign * statistics.weightByteCount
            $0.stateByteCount += sign * statistics.stateByteCount
            $0.arenaByteCount += sign * statistics.arenaByteCount
        }
    }
}
