import CPUBackend
package import DeviceRuntime
import ReferenceBackend

/// The devices that models run on: the only place that names them.
public enum DeviceCatalog {
    /// What `ModelOptions.device` takes.
    public static let names = ["cpu", "reference"]

    /// One line about a device.
    package static func detail(of name: String) -> String {
        switch name {
        case "cpu": "the processor: \(CPUDevice.instructionSet) kernels"
        case "reference": "the meaning of XIR, operation by operation; slow, to check others by"
        default: ""
        }
    }

    /// The devices of a list such as `cpu,cpu`, in its order; one that is named twice is there twice.
    ///
    /// The processors among them share its threads. Throws `.invalidInput` for a name that is not in the catalog, for an
    /// empty one, and for more than `most`.
    package static func devices(named list: String, threads: Int? = nil) throws -> [any Device] {
        let names = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard names.count <= most else {
            throw KongurError(
                .invalidInput,
                "'\(list.prefix(60))...' names \(names.count) devices; \(most) are the most"
            )
        }
        let processors = names.count { $0 == "cpu" }
        let share = processors > 1 ? max(1, (threads ?? CPUDevice.availableThreads) / processors) : threads
        return try names.map { try device(named: $0, threads: share) }
    }

    private static let most = 64

    /// A device by its name.
    ///
    /// Throws `.invalidInput` for a name that is not in the catalog.
    package static func device(named name: String, threads: Int? = nil) throws -> any Device {
        switch name {
        case "cpu": return try CPUDevice(threads: threads)
        case "reference": return ReferenceDevice()
        default:
            throw KongurError(
                .invalidInput,
                name.contains(",")
                    ? "'\(name.prefix(60))' is a list of devices; name one here"
                    : "there is no device '\(name)'; the devices are \(names.joined(separator: ", "))"
            )
        }
    }
}
