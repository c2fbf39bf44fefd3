/// What a device holds now, and what it has done since it was made, for monitoring.
///
/// Everything under `Work` only grows: two of these, taken one after the other, make a `DeviceActivity`. What a device does
/// not know is nil, never a guess.
package struct DeviceStatistics: Sendable, Hashable, Codable {
    // MARK: Memory

    /// Bytes by owner, of all programs that are loaded: weights, states (the key/value cache), arena (intermediate values
    /// and scratch).
    package var weightByteCount: Int
    package var stateByteCount: Int
    package var arenaByteCount: Int
    /// Bytes of the device's memory, and how many of them are taken, by anybody.
    ///
    /// Of the processor: of the machine, or of the control group around this process that leaves the least.
    package var memoryByteCount: Int?
    package var usedMemoryByteCount: Int?
    /// The same for the memory on the chip, where programs place data in it.
    package var onChipByteCount: Int?
    package var usedOnChipByteCount: Int?

    // MARK: Work

    /// Runs of programs.
    package var runs = 0
    /// Seconds in which the device was running a program; simulated seconds on a simulated device.
    package var busySeconds = 0.0
    /// Kernels by the operation of the program that they compute.
    package var kernels: [String: KernelStatistics] = [:]
    /// Bytes of weights and cache that programs read, and arithmetic operations of matrix products (a multiply and an add
    /// are two): what the programs ask for at least, not what a counter of the device saw.
    package var readByteCount = 0
    package var operations = 0
    /// Steps that ran elsewhere because the device has no kernel for them.
    package var fallbacks = 0
    /// Errors of the device that ended a run.
    package var faults = 0

    // MARK: The device

    /// Threads that it computes with.
    package var threadCount: Int
    /// Bytes a second from memory, and operations a second, that it reaches at most.
    package var peakBandwidth: Double?
    package var peakOperations: Double?
    /// The share of time in which it was busy, 0 to 1, by its own driver's account.
    package var reportedUtilization: Double?
    /// Degrees Celsius.
    package var temperature: Double?
    /// Watts: now, and at most.
    package var power: Double?
    package var powerLimit: Double?
    /// Versions of the driver and of the runtime library.
    package var driverVersion: String?
    package var runtimeVersion: String?

    private enum CodingKeys: String, CodingKey {
        case weightByteCount = "weight_bytes"
        case stateByteCount = "cache_bytes"
        case arenaByteCount = "work_bytes"
        case memoryByteCount = "memory_total_bytes"
        case usedMemoryByteCount = "memory_used_bytes"
        case onChipByteCount = "onchip_total_bytes"
        case usedOnChipByteCount = "onchip_used_bytes"
        case runs
        case busySeconds = "busy_seconds"
        case kernels
        case readByteCount = "read_bytes"
        case operations
        case fallbacks
        case faults
        case threadCount = "threads"
        case peakBandwidth = "peak_bytes_per_second"
        case peakOperations = "peak_operations_per_second"
        case reportedUtilization = "utilization"
        case temperature = "temperature_celsius"
        case power = "power_watts"
        case powerLimit = "power_limit_watts"
        case driverVersion = "driver_version"
        case runtimeVersion = "runtime_version"
    }

    package init(weightByteCount: Int = 0, stateByteCount: Int = 0, arenaByteCount: Int = 0, threadCount: Int = 1) {
        self.weightByteCount = weightByteCount
        self.stateByteCount = stateByteCount
        self.arenaByteCount = arenaByteCount
        self.threadCount = threadCount
    }

    /// Bytes that this process's programs hold on the device.
    package var heldByteCount: Int { weightByteCount + stateByteCount + arenaByteCount }

    /// Kernels that were started.
    package var launches: Int { kernels.values.reduce(0) { $0 + $1.launches } }
}

/// What the kernels of one operation have done.
package struct KernelStatistics: Sendable, Hashable, Codable {
    package var launches: Int
    package var seconds: Double

    package init(launches: Int = 0, seconds: Double = 0) {
        self.launches = launches
        self.seconds = seconds
    }
}
