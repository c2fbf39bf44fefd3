package import DeviceRuntime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The descriptors that come with the program, and those of a folder of the user's.
package enum DescriptorCatalog {
    /// Files of `Devices`, embedded in the program.
    private static let embedded: [(file: String, bytes: [UInt8])] = [
        ("k20.json", PackageResources.k20_json),
        ("k200.json", PackageResources.k200_json),
        ("r200.json", PackageResources.r200_json),
        ("r300.json", PackageResources.r300_json),
        ("p800.json", PackageResources.p800_json),
        ("a100-40g.json", PackageResources.a100_40g_json),
        ("h200.json", PackageResources.h200_json),
    ]

    /// What the program brings, in the order of `kongur devices`.
    package static func bundled() throws(DeviceError) -> [DeviceDescriptor] {
        var descriptors: [DeviceDescriptor] = []
        for (file, bytes) in embedded { descriptors.append(try DeviceDescriptor(json: Data(bytes), file: file)) }
        return descriptors
    }

    /// All descriptors: the program's, and those in `folder`, which take the place of the program's of the same name.
    ///
    /// A folder that is not there has none. Throws `.invalidDescriptor` for a file that is not sound.
    package static func all(in folder: String?) throws(DeviceError) -> [DeviceDescriptor] {
        var descriptors = try bundled()
        guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            return descriptors
        }
        for name in names.sorted() where name.hasSuffix(".json") {
            let descriptor = try read("\(folder)/\(name)")
            descriptors.removeAll { $0.name == descriptor.name }
            descriptors.append(descriptor)
        }
        return descriptors
    }

    /// A descriptor from a file.
    package static func read(_ path: String) throws(DeviceError) -> DeviceDescriptor {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DeviceError(.deviceNotFound, "\(path): there is no such file")
        }
        return try DeviceDescriptor(json: data, file: path)
    }
}
