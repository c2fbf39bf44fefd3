package import DeviceRuntime
import DeviceSimulation
import Foundation

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

    /// Writes a descriptor into the user's folder, and gives its path.
    package static func keep(_ descriptor: DeviceDescriptor) throws -> String {
        let path = "\(descriptorFolder)/\(descriptor.name).json"
        do {
            try FileManager.default.createDirectory(atPath: descriptorFolder, withIntermediateDirectories: true)
            try descriptor.json.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw KongurError(.failed, "\(path): cannot be written: \(error)", cause: error)
        }
        return path
    }
}
