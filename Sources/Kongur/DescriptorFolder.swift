package import DeviceRuntime
import DeviceSimulation
import Foundation
import Tensors

extension DeviceCatalog {
    /// Where the user's own descriptors of devices are: `KONGUR_DEVICES`, else `kongur/devices` in the user's configuration.
    package static var descriptorFolder: String {
        let environment = ProcessInfo.processInfo.environment
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let folder = value("KONGUR_DEVICES") { return folder }
        let home = value("HOME") ?? FileManager.default.homeDirectoryForCurrentUser.path
        return (value("XDG_CONFIG_HOME") ?? "\(home)/.config") + "/kongur/devices"
    }

    /// All devices that are described: the program's, and the user's, which take the place of those of the same name.
    ///
    /// Throws `.invalidInput` for a file of the user's with a field that is wrong.
    package static func descriptors() throws -> [DeviceDescriptor] {
        do {
            return try DescriptorCatalog.all(in: descriptorFolder)
        } catch {
            throw KongurError(error)
        }
    }

    /// Writes a measured descriptor into the user's folder, in the place only of an earlier one, and gives its path.
    package static func keep(_ descriptor: DeviceDescriptor) throws -> String {
        let path = "\(descriptorFolder)/\(descriptor.name).json"
        do {
            try FileManager.default.createDirectory(atPath: descriptorFolder, withIntermediateDirectories: true)
            let file = try AtomicFile(path: path) { bytes in
                String(decoding: bytes, as: UTF8.self).contains(ProcessorDescriptor.source)
            }
            try file.write(Array(descriptor.json))
            try file.commit()
        } catch let error as TensorError {
            throw KongurError(.failed, error.message, cause: error)
        } catch {
            throw KongurError(.failed, "\(path): cannot be written: \(error.systemReason)", cause: error)
        }
        return path
    }
}
