package import CPUBackend
package import DeviceRuntime
import DeviceSimulation
import Foundation
package import KunlunBackend
import ReferenceBackend
import Tensors
import XIR

/// The devices that models run on: the only place that names them.
public enum DeviceCatalog {
    /// What `ModelOptions.device` takes, beside the names and paths of descriptors of devices, which are then simulated.
    public static let names = ["cpu", "reference", "xpu"]

    /// The Kunlun installation of this machine, looked for once.
    package static let kunlun = KunlunInstallation(environment: ProcessInfo.processInfo.environment)

    /// One line about a device.
    package static func detail(of name: String) -> String {
        switch name {
        case "cpu": "the processor: \(CPUDevice.instructionSet) kernels"
        case "reference": "the meaning of XIR, operation by operation; slow, to check others by"
        case "xpu": "Kunlun accelerators, also xpu:0, xpu:1 and so on: \(kunlunState)"
        default: ""
        }
    }

    /// What a model must be compiled for to run on a device, or on the first of several with commas between them.
    package static func target(of name: String) -> Target {
        let first = String(name.prefix { $0 != "," })
        if kunlunNumber(first) != nil { return .kunlun }
        // Descriptors are read for the names of descriptors alone.
        if names.contains(first) { return .cpu }
        return (try? simulatedTarget(of: first)) ?? .cpu
    }

    /// Whether a name is that of a Kunlun card.
    package static func isKunlun(_ name: String) -> Bool { kunlunNumber(name) != nil }

    /// The checks of a Kunlun card, for the operations of a model in f16 and int8.
    package static func checkup(_ name: String, model: String?) throws -> CheckupReport {
        let checkup = Checkup(kunlun, device: kunlunNumber(name) ?? 0, try kunlunOptions(allowsFallback: true))
        return checkup.run(version: kongurVersion) {
            try [ModelOptions.Weights.float16, .int8].map { weights in
                let options = ModelOptions(device: name, weights: weights)
                return (weights.rawValue, try ModelLoader(options: options).load(model).compiled)
            }
        }
    }

    private static func kunlunOptions(allowsFallback: Bool) throws -> KunlunDevice.Options {
        var options = KunlunDevice.Options()
        options.allowsFallback = allowsFallback
        guard let text = ProcessInfo.processInfo.environment["KONGUR_XPU_TIMEOUT"] else { return options }
        guard let seconds = Double(text), seconds > 0 else {
            throw KongurError(.invalidInput, "KONGUR_XPU_TIMEOUT is a number of seconds above 0, not '\(text)'")
        }
        options.timeout = seconds
        return options
    }

    /// The memory of a device that has its own, as far as others left it; nil for those in the machine's memory.
    ///
    /// A simulated device's counts where it is less than the machine's, which holds what the device is said to hold.
    package static func memory(of device: any Device) -> MemoryLimit? {
        if let device = device as? SimulatedDevice {
            let (report, machine) = (device.report, SystemMemory().limit?.byteCount ?? .max)
            let free = report.memoryByteCount - report.usedMemoryByteCount
            return free < machine ? MemoryLimit(byteCount: free, reason: "free on the simulated \(device.name)") : nil
        }
        guard let device = device as? KunlunDevice, let free = device.freeByteCount else { return nil }
        return MemoryLimit(byteCount: free, reason: "free on \(device.name)")
    }

    /// Whether a program was compiled for Kunlun, and so runs on `xpu` and `reference` alone.
    package static func isForKunlun(_ program: Program) -> Bool {
        program.steps.contains { $0.attributes["to"] == .elementType(.float16) }
    }

    /// The number of a device called `xpu` or `xpu:N`; nil for others.
    private static func kunlunNumber(_ name: String) -> Int? {
        if name == "xpu" { return 0 }
        guard name.hasPrefix("xpu:"), let number = Int(name.dropFirst(4)), (0..<64).contains(number) else { return nil }
        return number
    }

    /// Whether a Kunlun card can be used here.
    package static var hasKunlun: Bool {
        kunlun.whatIsMissing == nil && ((try? kunlun.deviceCount()) ?? 0) > 0
    }

    /// What is there, or what is missing.
    private static var kunlunState: String {
        if let missing = kunlun.whatIsMissing { return missing }
        do throws(DeviceError) {
            let count = try kunlun.deviceCount()
            return count == 1 ? "1 device" : "\(count) devices"
        } catch { return error.message }
    }

    /// The devices of a list such as `cpu,cpu`, in its order; one that is named twice is there twice.
    ///
    /// The processors among them share its threads. Throws `.invalidInput` for a name that is not in the catalog, for an
    /// empty one, and for more than `most`.
    package static func devices(
        named list: String,
        threads: Int? = nil,
        allowsFallback: Bool = true,
        isTraced: Bool = false
    ) throws -> [any Device] {
        let names = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard names.count <= most else {
            throw KongurError(
                .invalidInput,
                "'\(list.prefix(60))...' names \(names.count) devices; \(most) are the most"
            )
        }
        let processors = names.count { $0 == "cpu" }
        let share = processors > 1 ? max(1, (threads ?? CPUDevice.availableThreads) / processors) : threads
        return try names.map { name in
            try device(named: name, threads: share, allowsFallback: allowsFallback, isTraced: isTraced)
        }
    }

    private static let most = 64

    /// A device by its name; one that is simulated keeps a trace where that is asked for.
    ///
    /// Throws `.invalidInput` for a name that is not in the catalog.
    package static func device(
        named name: String,
        threads: Int? = nil,
        allowsFallback: Bool = true,
        isTraced: Bool = false
    ) throws -> any Device {
        if let number = kunlunNumber(name) {
            let options = try kunlunOptions(allowsFallback: allowsFallback)
            return try KunlunDevice(number, kunlun, options)
        }
        switch name {
        case "cpu": return try CPUDevice(threads: threads)
        case "reference": return ReferenceDevice()
        default:
            if let device = try simulated(name, threads: threads, isTraced: isTraced) { return device }
            let known = try names + simulatedNames()
            throw KongurError(
                .invalidInput,
                name.contains(",")
                    ? "'\(name.prefix(60))' is a list of devices; name one here"
                    : "there is no device '\(name)'; the devices are \(known.joined(separator: ", ")), and descriptors by their path, such as mine.json"
            )
        }
    }
}
