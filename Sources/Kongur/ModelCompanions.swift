import DeviceRuntime
import Foundation

/// The files that belong to a model besides its weights: the tokenizer's, the template and the configurations.
package struct ModelCompanions {
    private static let configurations = ["config.json", "generation_config.json"]

    private let source: String
    private let target: String
    /// Those that the model has.
    private let names: [String]

    /// The companions of the model in `folder`, which are to lie beside the file `path`.
    package init(of folder: String, beside path: String) {
        source = folder
        target = URL(fileURLWithPath: path).resolvingSymlinksInPath().deletingLastPathComponent().path
        names =
            CompiledModelFolder.textFiles(of: folder)
            + Self.configurations.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
    }

    /// Throws `.invalidInput` when another file of one of the names is there.
    package func check() throws {
        for name in CompiledModelFolder.textFiles(of: target) + Self.configurations {
            let path = "\(target)/\(name)"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            guard names.contains(name), FileManager.default.contentsEqual(atPath: path, andPath: "\(source)/\(name)")
            else {
                throw KongurError(
                    .invalidInput,
                    "\(path): is there already and is not this model's, and would be taken for its own; export into another folder"
                )
            }
        }
    }

    /// Copies those that are not there yet.
    ///
    /// Throws as `check` does, and `.failed` with the system's reason.
    package func copy() throws {
        try check()
        for name in names where !FileManager.default.fileExists(atPath: "\(target)/\(name)") {
            do {
                let folder = URL(fileURLWithPath: "\(target)/\(name)").deletingLastPathComponent()
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                let data = try Data(contentsOf: URL(fileURLWithPath: "\(source)/\(name)"))
                try data.write(to: URL(fileURLWithPath: "\(target)/\(name)"), options: .withoutOverwriting)
            } catch {
                throw KongurError(.failed, "\(target)/\(name): cannot be written: \(error.systemReason)", cause: error)
            }
        }
    }
}
