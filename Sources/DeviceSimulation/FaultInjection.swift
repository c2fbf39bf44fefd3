import DeviceRuntime

/// A failure that a simulated device is to have, to see what becomes of the work on it.
package struct FaultInjection: Sendable, Hashable {
    package enum Fault: String, Sendable, Hashable, CaseIterable {
        /// An allocation fails; the device goes on.
        case outOfMemory = "out-of-memory"
        /// A step never ends, and is given up.
        case hang
        /// A kernel fails, and with it everything after it.
        case deviceFault = "device-fault"
        /// Memory is damaged beyond repair.
        case memoryError = "ecc"
        /// A copy does not end in time.
        case transferTimeout = "dma-timeout"
    }

    package var fault: Fault
    /// The run that fails, counted from 1.
    package var run: Int

    package init(_ fault: Fault, atRun run: Int) {
        self.fault = fault
        self.run = run
    }

    /// Reads `dma-timeout@1000`; nil for what is no such thing.
    package init?(parsing text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let fault = Fault(rawValue: String(parts[0])), let run = Int(parts[1]), run >= 1 else {
            return nil
        }
        self.init(fault, atRun: run)
    }

    /// What the run throws on a device of this name.
    func error(on device: String) -> DeviceError {
        switch fault {
        case .outOfMemory:
            DeviceError(.outOfMemory, "'\(device)': an allocation failed in run \(run), as was asked for")
        case .hang:
            DeviceError(.deviceLost, "'\(device)': run \(run) did not end and was given up, as was asked for")
        case .deviceFault:
            DeviceError(
                .deviceLost,
                "'\(device)': a kernel of run \(run) failed, as was asked for; nothing on the device can be trusted"
            )
        case .memoryError:
            DeviceError(.deviceLost, "'\(device)': memory was found damaged in run \(run), as was asked for")
        case .transferTimeout:
            DeviceError(.deviceLost, "'\(device)': a copy of run \(run) did not end in time, as was asked for")
        }
    }
}
