import CPUBackend
package import DeviceRuntime
package import DeviceSimulation
import ReferenceBackend

extension DeviceCatalog {
    /// The names of the devices that are described: the program's, and the user's.
    ///
    /// Throws `.invalidInput` for a file of the user's with a field that is wrong.
    package static func simulatedNames() throws -> [String] { try descriptors().map(\.name) }

    /// One line about a device that is described.
    package static func detail(of descriptor: DeviceDescriptor) -> String {
        "simulated: \(descriptor.title), \(Int(descriptor.memory.value) >> 20) MiB"
    }

    /// A simulated device by `k20`, the name of a descriptor, or by the path of one, `mine.json`; with a fault where one is
    /// appended, as in `k20+hang@100`.
    ///
    /// Values are the processor's, or the reference's for what is compiled for Kunlun. Nil for a name that no descriptor has.
    /// Throws `.invalidInput` for a descriptor or a fault that cannot be read.
    package static func simulated(_ name: String, threads: Int?, isTraced: Bool) throws -> SimulatedDevice? {
        let parts = parts(name)
        guard let descriptor = try descriptor(parts[0]) else { return nil }
        var fault: FaultInjection?
        if parts.count == 2 {
            fault = FaultInjection(parsing: parts[1])
            guard fault != nil else {
                let known = FaultInjection.Fault.allCases.map(\.rawValue).joined(separator: ", ")
                throw KongurError(
                    .invalidInput,
                    "'\(name)': '\(parts[1])' is no fault; write FAULT@STEP, where FAULT is one of \(known), and STEP is counted from 1"
                )
            }
        }
        let trace = isTraced ? ExecutionTrace() : nil
        let functional: any Device =
            switch descriptor.target {
            case .cpu: try CPUDevice(threads: threads)
            case .kunlun: ReferenceDevice()
            }
        return SimulatedDevice(descriptor, functional: functional, fault: fault, trace: trace)
    }

    /// How tokens are guessed on a device: on a simulated one not by what is measured, since that is this machine's speed,
    /// and the same request could take other steps each time.
    static func speculation(_ asked: ModelOptions.Speculation, on device: any Device) -> ModelOptions.Speculation {
        device is SimulatedDevice && asked == .automatic ? .off : asked
    }

    /// What models are compiled for on a device to be simulated; nil for a name that no descriptor has.
    static func simulatedTarget(of name: String) throws -> Target? { try descriptor(parts(name)[0])?.target }

    /// The name or path of a descriptor, and the fault behind it.
    private static func parts(_ name: String) -> [String] {
        // A path may have the sign in it, and then ends as descriptors do.
        let plus = name.hasSuffix(".json") ? nil : name.lastIndex(of: "+")
        return plus.map { [String(name[..<$0]), String(name[name.index(after: $0)...])] } ?? [name]
    }

    private static func descriptor(_ name: String) throws -> DeviceDescriptor? {
        guard name.hasSuffix(".json") else { return try descriptors().first { $0.name == name } }
        do {
            return try DescriptorCatalog.read(name)
        } catch {
            throw KongurError(error)
        }
    }
}
