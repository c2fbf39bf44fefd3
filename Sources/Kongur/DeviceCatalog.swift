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
                "there is no device '\(name)'; the devices are \(names.joined(separator: ", "))"
            )
        }
    }
}
