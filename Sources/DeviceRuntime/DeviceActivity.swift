/// What a device did between two looks at its statistics.
package struct DeviceActivity: Sendable, Hashable {
    /// Length of the interval.
    package let seconds: Double
    package let runs: Int
    package let launches: Int
    /// The share of the interval in which the device was running a program, 0 to 1, or what its driver says that was.
    package let utilization: Double
    /// Read from memory and computed, each second of the interval; see `DeviceStatistics.readByteCount`.
    package let bytesPerSecond: Double
    package let operationsPerSecond: Double
    /// The same as shares of what the device reaches at most; nil where that is not known.
    package let bandwidthUtilization: Double?
    package let computeUtilization: Double?
    /// What kernels did in the interval, those that took longest first.
    package let kernels: [Kernel]

    package struct Kernel: Sendable, Hashable {
        package var operation: String
        package var launches: Int
        package var seconds: Double
    }

    /// `seconds` passed between `earlier` and `later`; of a device that was made anew in between, the interval is all that
    /// the new one has done.
    package init(from earlier: DeviceStatistics, to later: DeviceStatistics, seconds: Double) {
        let earlier = earlier.runs <= later.runs ? earlier : DeviceStatistics()
        let seconds = max(seconds, 1e-9)
        func share(_ part: Double) -> Double { min(max(part, 0), 1) }
        self.seconds = seconds
        runs = later.runs - earlier.runs
        launches = later.launches - earlier.launches
        utilization = share(later.reportedUtilization ?? (later.busySeconds - earlier.busySeconds) / seconds)
        let bytes = Double(later.readByteCount - earlier.readByteCount) / seconds
        let operations = Double(later.operations - earlier.operations) / seconds
        bytesPerSecond = bytes
        operationsPerSecond = operations
        bandwidthUtilization = later.peakBandwidth.map { share(bytes / $0) }
        computeUtilization = later.peakOperations.map { share(operations / $0) }
        kernels = later.kernels.map { operation, kernel in
            let before = earlier.kernels[operation] ?? KernelStatistics()
            return Kernel(
                operation: operation,
                launches: kernel.launches - before.launches,
                seconds: kernel.seconds - before.seconds
            )
        }.filter { $0.launches > 0 }.sorted { ($1.seconds, $0.operation) < ($0.seconds, $1.operation) }
    }
}
