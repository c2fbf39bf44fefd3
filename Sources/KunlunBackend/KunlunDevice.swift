import CKunlun
package import DeviceRuntime
import Synchronization

/// One Kunlun accelerator: libxpurt for memory and transfers, an operator library for the operations, and the reference
/// for those that it lacks.
///
/// It runs programs that were compiled for the Kunlun target. Never run on a card: see `docs/kunlun.md`.
package final class KunlunDevice: Device {
    /// What a person may choose.
    package struct Options: Sendable {
        /// Run operations that the operator library lacks on the CPU; otherwise refuse programs that have any.
        package var allowsFallback = true
        /// Seconds after which a call of the runtime that did not come back means that the device hangs.
        package var timeout = 60.0

        package init() {}
    }

    package let name: String
    package let number: Int
    package let options: Options
    package let installation: KunlunInstallation
    let session: KunlunSession
    private let work = Mutex(KunlunWork())

    /// Opens device `number` of the installation.
    ///
    /// Throws `.deviceNotFound` saying what to install when a library or the device is missing.
    package init(_ number: Int, _ installation: KunlunInstallation, _ options: Options = Options()) throws(DeviceError)
    {
        name = "xpu:\(number)"
        self.number = number
        self.options = options
        self.installation = installation
        guard let calls = installation.calls else {
            throw DeviceError(
                .deviceNotFound,
                "xpu:\(number): \(installation.whatIsMissing ?? "libxpurt is not found")"
            )
        }
        if installation.library == nil, !options.allowsFallback {
            throw DeviceError(.deviceNotFound, "xpu:\(number): \(installation.whatIsMissing ?? "no operators")")
        }
        session = try KunlunSession(
            number,
            calls,
            installation.library,
            choices: KunlunReading.choices(installation.choices),
            timeout: options.timeout
        )
    }

    package var statistics: DeviceStatistics {
        let work = work.withLock { $0 }
        let state = state
        var statistics = DeviceStatistics(
            weightByteCount: work.weightByteCount,
            stateByteCount: work.stateByteCount,
            arenaByteCount: work.arenaByteCount
        )
        statistics.memoryByteCount = state.memoryByteCount ?? session.memoryByteCount
        statistics.usedMemoryByteCount = state.usedMemoryByteCount
        statistics.runs = work.runs
        statistics.busySeconds = work.busySeconds
        statistics.kernels = work.kernels
        statistics.fallbacks = work.fallbacks.values.reduce(0, +)
        statistics.faults = work.faults
        statistics.reportedUtilization = state.computeUtilization
        statistics.temperature = state.temperature
        statistics.power = state.power
        statistics.driverVersion = installation.management.version
        statistics.runtimeVersion = installation.runtime.version
        return statistics
    }

    /// What was done since the device was opened.
    package var activity: KunlunWork { work.withLock { $0 } }

    /// What libxpuml says about the device now.
    package var state: KunlunState { installation.state(at: session.address) }

    /// Where it is on the bus, if the runtime says so.
    package var address: PCIAddress? { session.address }

    /// What public sources leave open about the vendor's calls, as the operators take it.
    package var readings: [KunlunReading] {
        let session = session
        return
            (try? session.thread.run { () throws(DeviceError) in session.operators?.readings(session.context) ?? [] })
            ?? []
    }

    /// Takes a reading from now on; false where the operators do not have it.
    func take(_ choice: String, for name: String) -> Bool {
        let session = session
        return
            (try? session.thread.run { () throws(DeviceError) in
                session.operators?.take(choice, for: name, session.context) ?? false
            }) ?? false
    }

    /// Bytes of its memory that are free; all there are where libxpuml does not say.
    package var freeByteCount: Int? {
        let state = state
        if let all = state.memoryByteCount, let used = state.usedMemoryByteCount { return max(0, all - used) }
        return session.memoryByteCount
    }

    /// Why the device takes no more work; nil while it does.
    package var failure: DeviceError? { session.thread.failure }

    package func load(_ program: Program, symbols: [String: Int]) throws(DeviceError) -> any Executable {
        try program.validate(symbols)
        return try KunlunExecutable(program, symbols: symbols, on: self)
    }

    func count(_ change: (inout KunlunWork) -> Void) { work.withLock { change(&$0) } }
}

/// Memory and work of a device.
package struct KunlunWork: Sendable, Hashable {
    package var weightByteCount = 0
    package var stateByteCount = 0
    package var arenaByteCount = 0
    package var runs = 0
    /// Seconds in which a run was under way.
    package var busySeconds = 0.0
    /// Calls of the operator library by operation, with the seconds until they came back; a card may work on after that.
    package var kernels: [String: KernelStatistics] = [:]
    /// Operations that ran on the CPU instead, by name.
    package var fallbacks: [String: Int] = [:]
    /// Runs that ended in an error.
    package var faults = 0

    /// Operations that the operator library ran.
    package var launches: Int { kernels.values.reduce(0) { $0 + $1.launches } }
}
