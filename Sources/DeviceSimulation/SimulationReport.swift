package import DeviceRuntime

/// What a simulated device has done since it was made; the same steps give the same report, byte for byte.
package struct SimulationReport: Sendable, Hashable, Codable {
    package var device: String
    /// Simulated seconds of work.
    package var seconds = 0.0
    package var steps = 0
    package var faults = 0
    /// By the operation of XIR.
    package var kernels: [String: KernelStatistics] = [:]
    /// Steps of the program that ran elsewhere: none, since a program is timed as a whole or refused.
    package var fallbacks = 0
    package var memoryByteCount: Int
    package var usedMemoryByteCount = 0

    private enum CodingKeys: String, CodingKey {
        case device
        case seconds
        case steps
        case faults
        case kernels
        case fallbacks
        case memoryByteCount = "memory_bytes"
        case usedMemoryByteCount = "memory_used_bytes"
    }

    /// Kernels that were started.
    package var launches: Int { kernels.values.reduce(0) { $0 + $1.launches } }
}
