import Checkpoints
import DeviceRuntime
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

    /// Finds a checkpoint folder, an ONNX file, a compiled model or a pulled model of a hub; nil, or the name of the bundled
    /// model where no model's folder is called so, is the bundled one.
    ///
    /// Throws `.modelNotFound` saying where it looked.
    public func locate(_ name: String?) throws -> Location {
        let location = try find(name)
        try Self.check(location)
        return location
    }

    private func find(_ name: String?) throws -> Location {
        guard let name else { return try locateBundled() }
        guard !name.isEmpty else { throw KongurError(.modelNotFound, "the name of the model is empty") }
        if name == Self.bundled { return try (try? folder(name)) ?? locateBundled() }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder) {
            return try isFolder.boolValue ? folder(name) : file(name)
        }
        guard let repository = Self.repository(name) else {
            let remedy =
                name.contains("/")
                ? ""
                : "; a model is a folder, a file, a pulled one as OWNER/NAME, or '\(Self.bundled)', the bundled one"
            throw KongurError(.modelNotFound, "\(name): no such file or folder\(remedy)")
        }
        guard let snapshot = try hubCache.snapshot(of: repository) else {
            let cache = try hubCache
            throw KongurError(
                .modelNotFound,
                "\(name): no such folder, and no model of that name has been pulled to \(cache.folder); to pull it: kongur pull \(name)"
            )
        }
        return .checkpoint(snapshot)
    }

    /// Whether a text is a model's name and not a path: that of the bundled model, or OWNER/NAME, pulled or not.
    ///
    /// A fraction such as 12/4 names no model.
    package static func isName(_ text: String) -> Bool {
        text == bundled || (repository(text) != nil && text.contains(where: \.isLetter))
    }

    /// The names under which models are at hand: the bundled one, and those that were pulled.
    package var names: [String] {
        [Self.bundled] + ((try? hubCache.repositories) ?? []).map(\.description)
    }

    private static func repository(_ name: String) -> RepositoryName? {
        name.hasPrefix("/") || name.hasPrefix(".") ? nil : try? RepositoryName(name)
    }

    private var hubCache: HubCache {
        get throws { HubClient(configuration: try HubConfiguration.fromEnvironment(environment)).cache }
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
        throw KongurError(.invalidModel, ModelFolderContents(path).missingConfiguration)
    }

    private func file(_ path: String) throws -> Location {
        let form = FileForm(path)
        if let fault = form.fault { throw KongurError(.invalidModel, "\(path): \(fault)") }
        if path.hasSuffix(".onnx") { return .onnx(path) }
        let reason =
            switch form {
            case .gguf: ModelFolderContents.gguf
            case .pickle: ModelFolderContents.pickle
            case .safetensors: "is a part of a checkpoint; give the folder that holds it with its config.json"
            case .json: "is a part of a model; give the folder that holds it"
            default: "not a model: give a checkpoint folder, a .onnx file or a .kongur folder"
            }
        throw KongurError(.invalidModel, "\(path): \(reason)")
    }

    /// Refuses a folder with files that are not what their names say: pointers, pages of errors, and what has no bytes.
    private static func check(_ location: Location) throws {
        var names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: location.folder)
        } catch {
            throw KongurError(.invalidModel, "\(location.folder): cannot be read: \(error.systemReason)", cause: error)
        }
        if case .onnx(let path) = location {
            // Beside a file there may be anything: what belongs to it is known by name alone.
            let name = URL(fileURLWithPath: path).lastPathComponent
            names = names.filter { !$0.hasSuffix(".safetensors") && (!$0.hasSuffix(".onnx") || $0 == name) }
        }
        for name in names.sorted() where FileForm.isPartOfAModel(name) {
            if let fault = FileForm("\(location.folder)/\(name)").fault {
                throw KongurError(.invalidModel, "\(location.folder)/\(name): \(fault)")
            }
        }
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
