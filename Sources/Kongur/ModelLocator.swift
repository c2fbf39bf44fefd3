import Foundation
import ModelHub

/// Finds a model by what a person calls it.
public struct ModelLocator: Sendable {
    /// Where a model is and what form it has.
    public enum Location: Sendable, Hashable {
        /// A folder in the Hugging Face layout.
        case checkpoint(String)
        /// An ONNX file.
        case onnx(String)
        /// A folder that `kongur compile` wrote.
        case compiled(String)

        public var path: String {
            switch self {
            case .checkpoint(let path), .onnx(let path), .compiled(let path): path
            }
        }

        /// The folder that holds the model's tokenizer.
        public var folder: String {
            switch self {
            case .checkpoint(let path), .compiled(let path): path
            case .onnx(let path): URL(fileURLWithPath: path).deletingLastPathComponent().path
            }
        }
    }

    /// The model that comes with Kongur.
    public static let bundled = "pebble"

    private let environment: [String: String]

    /// `environment` takes the place of the program's own.
    public init(environment: [String: String]? = nil) {
        self.environment = environment ?? ProcessInfo.processInfo.environment
    }

    /// Finds a checkpoint folder, an ONNX file, a compiled model or a pulled model of a hub; nil is the bundled model.
    ///
    /// Throws `.modelNotFound` saying where it looked.
    public func locate(_ name: String?) throws -> Location {
        guard let name else { return try locateBundled() }
        guard !name.isEmpty else { throw KongurError(.modelNotFound, "the name of the model is empty") }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder) {
            return try isFolder.boolValue ? folder(name) : file(name)
        }
        guard !name.hasPrefix("/"), !name.hasPrefix("."), let repository = try? RepositoryName(name) else {
            let remedy =
                name.contains("/")
                ? "" : "; a model of a hub is named OWNER/NAME, and none where the bundled one is meant"
            throw KongurError(.modelNotFound, "\(name): no such file or folder\(remedy)")
        }
        let cache = HubClient(configuration: try HubConfiguration.fromEnvironment(environment)).cache
        guard let snapshot = cache.snapshot(of: repository) else {
            throw KongurError(
                .modelNotFound,
                "\(name): no such folder, and no model of that name has been pulled to \(cache.folder); to pull it: kongur pull \(name)"
            )
        }
        return .checkpoint(snapshot)
    }

    /// Where compiled models are kept: `KONGUR_CACHE`, else `kongur` in the user's cache folder.
    public var cacheFolder: String {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let folder = value("KONGUR_CACHE") { return folder }
        let home = value("HOME") ?? FileManager.default.homeDirectoryForCurrentUser.path
        return (value("XDG_CACHE_HOME") ?? "\(home)/.cache") + "/kongur"
    }

    private func folder(_ path: String) throws -> Location {
        func has(_ file: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(file)") }
        if has("program.json"), has("weights.bin") { return .compiled(path) }
        if has("config.json") {
            // An exported model has a configuration beside the graph, and no weights in the checkpoint's form.
            let isExport = has("model.onnx") && !has("model.safetensors") && !has("model.safetensors.index.json")
            return isExport ? .onnx("\(path)/model.onnx") : .checkpoint(path)
        }
        if has("model.onnx") { return .onnx("\(path)/model.onnx") }
        throw KongurError(
            .invalidModel,
            "\(path): not a model: the folder has no config.json, model.onnx or program.json"
        )
    }

    private func file(_ path: String) throws -> Location {
        if path.hasSuffix(".onnx") { return .onnx(path) }
        throw KongurError(
            .invalidModel,
            "\(path): not a model: give a checkpoint folder, a .onnx file or a .kongur folder"
        )
    }

    /// The bundled model: in `KONGUR_MODELS`, or in `Models` or `share/kongur/models` beside a folder above the program.
    private func locateBundled() throws -> Location {
        var folders: [String] = []
        if let models = environment["KONGUR_MODELS"], !models.isEmpty {
            folders = [models]
        } else if let program = Bundle.main.executablePath {
            var folder = URL(fileURLWithPath: program).resolvingSymlinksInPath().deletingLastPathComponent()
            while folder.path != "/" {
                folders.append(folder.appendingPathComponent("Models").path)
                folders.append(folder.appendingPathComponent("share/kongur/models").path)
                folder.deleteLastPathComponent()
            }
        }
        let candidates = folders.map { "\($0)/\(Self.bundled)" }
        for candidate in candidates where FileManager.default.fileExists(atPath: "\(candidate)/config.json") {
            return .checkpoint(candidate)
        }
        throw KongurError(
            .modelNotFound,
            "the bundled model '\(Self.bundled)' is not beside the program; looked in \(candidates.joined(separator: ", ")); set KONGUR_MODELS to the folder that holds it, or name another model"
        )
    }
}
