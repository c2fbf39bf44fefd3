import DeviceRuntime
import InferenceEngine

/// What one device of a model holds at a moment, and what it has done since the model was loaded.
///
/// Two of them tell what happened in between:
///
/// ```swift
/// let before = model.devices
/// let answer = try await model.answer("What is 17 * 23?")
/// for (device, earlier) in zip(model.devices, before) {
///     print(device.name, device.utilization(since: earlier), device.kernels["paged_attention"]?.seconds ?? 0)
/// }
/// ```
public struct DeviceSnapshot: Sendable, Hashable {
    /// What the kernels of one operation have done.
    public struct Kernel: Sendable, Hashable {
        public var launches: Int
        public var seconds: Double
    }

    /// The place in the list of devices that the model was loaded with.
    public var index: Int
    public var name: String
    /// Why it answers nothing any more; nil while it works.
    public var failure: String?
    public var threads: Int

    /// Bytes that the model holds on it.
    public var weightBytes: Int
    public var cacheBytes: Int
    public var workBytes: Int
    /// Bytes of the device, and how many of them are taken by anybody; nil where it does not say.
    public var memoryBytes: Int?
    public var usedMemoryBytes: Int?
    public var onChipBytes: Int?
    public var usedOnChipBytes: Int?

    /// Requests that it works on, and that wait for it.
    public var runningRequests: Int
    public var waitingRequests: Int
    /// The part of the key/value cache that answers hold, 0 to 1.
    public var cacheUsage: Double

    public var generatedTokens: Int
    /// Runs of the model's program, and the seconds in which the device ran it.
    public var runs: Int
    public var busySeconds: Double
    /// Kernels by operation.
    public var kernels: [String: Kernel]
    /// Bytes that runs read, and operations of their products, by the program's own account.
    public var readBytes: Int
    public var operations: Int
    /// Steps that ran elsewhere for want of a kernel.
    public var fallbacks: Int
    /// Errors of the device.
    public var faults: Int

    /// Degrees Celsius, and watts; nil where the device does not say.
    public var temperature: Double?
    public var power: Double?
    public var powerLimit: Double?
    public var driverVersion: String?
    public var runtimeVersion: String?

    /// When it was taken.
    public var instant: ContinuousClock.Instant

    private let statistics: DeviceStatistics

    init(_ status: DeviceStatus) {
        let statistics = status.statistics
        self.statistics = statistics
        instant = .now
        index = status.index
        name = status.name
        failure = status.failure
        threads = statistics.threadCount
        weightBytes = statistics.weightByteCount
        cacheBytes = statistics.stateByteCount
        workBytes = statistics.arenaByteCount
        memoryBytes = statistics.memoryByteCount
        usedMemoryBytes = statistics.usedMemoryByteCount
        onChipBytes = statistics.onChipByteCount
        usedOnChipBytes = statistics.usedOnChipByteCount
        runningRequests = status.engine?.running ?? 0
        waitingRequests = status.engine?.waiting ?? 0
        cacheUsage =
            status.engine.map { Double($0.cacheBlocks - $0.freeCacheBlocks) / Double(max(1, $0.cacheBlocks)) } ?? 0
        generatedTokens = status.engine?.generatedTokens ?? 0
        runs = statistics.runs
        busySeconds = statistics.busySeconds
        kernels = statistics.kernels.mapValues { Kernel(launches: $0.launches, seconds: $0.seconds) }
        readBytes = statistics.readByteCount
        operations = statistics.operations
        fallbacks = statistics.fallbacks
        faults = statistics.faults
        temperature = statistics.temperature
        power = statistics.power
        powerLimit = statistics.powerLimit
        driverVersion = statistics.driverVersion
        runtimeVersion = statistics.runtimeVersion
    }

    /// The share of the time since an earlier snapshot of the same device in which it ran the model, or was busy by its
    /// driver's account: 0 to 1.
    public func utilization(since earlier: DeviceSnapshot) -> Double {
        activity(since: earlier).utilization
    }

    /// The share of its memory's bandwidth that was used since an earlier snapshot; nil where its limit is not known.
    public func bandwidthUtilization(since earlier: DeviceSnapshot) -> Double? {
        activity(since: earlier).bandwidthUtilization
    }

    /// The share of its arithmetic that was used since an earlier snapshot; nil where its limit is not known.
    public func computeUtilization(since earlier: DeviceSnapshot) -> Double? {
        activity(since: earlier).computeUtilization
    }

    private func activity(since earlier: DeviceSnapshot) -> DeviceActivity {
        DeviceActivity(
            from: earlier.statistics,
            to: statistics,
            seconds: (instant - earlier.instant) / .seconds(1)
        )
    }
}

extension LanguageModel {
    /// What the model's devices are doing, in the order in which it was loaded with them.
    ///
    /// Costs a few reads of small files of the system, and never waits for an answer in progress.
    public var devices: [DeviceSnapshot] { engine.devices.map { DeviceSnapshot($0) } }
}
