package import DeviceRuntime
import Foundation
import Tensors

/// A compiled model as a folder: the program with its weights, the tokenizer's files, and what they came from.
package enum CompiledModelFolder {
    private static let defaultsName = "sampling.json"
    /// What the model's authors say of it.
    private static let cardName = "README.md"
    static let weightsName = CompiledModelFile.weightsName
    static let tokenizerFiles = [
        "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "added_tokens.json",
        "special_tokens_map.json", "chat_template.jinja", "chat_template.json",
    ]

    /// Where a model's templates for special uses are.
    static let templates = (name: "additional_chat_templates", ending: ".jinja")

    private static let files = Set(
        [CompiledModelFile.programName, weightsName, defaultsName, cardName, CompiledModelManifest.name]
            + tokenizerFiles
    )

    /// A folder that Kongur wrote and nobody changed.
    private static let form = FolderForm(name: "the compiled model", files: files, subfolder: templates) { folder in
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(CompiledModelFile.programName)"),
            let program = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
            program["arenaByteCount"] is Int, program["weightByteCount"] is Int
        else { return "holds no compiled model" }
        let names = Self.names(in: folder)
        guard let manifest = CompiledModelManifest.read(in: folder) else {
            // Older versions wrote none, and no card.
            return names.contains(cardName) ? "holds '\(cardName)', which Kongur did not make" : nil
        }
        return manifest.fault(in: folder, of: names).map {
            "holds '\($0)', which was changed since Kongur wrote it"
        }
    }

    /// A folder under a name that Kongur alone gives, in the cache.
    private static let kept = FolderForm(name: "the compiled model", files: files, subfolder: templates)

    /// Throws `.invalidInput` when there is something at `path` that Kongur did not make.
    package static func check(_ path: String) throws { try form.check(path) }

    /// Writes a folder that appears whole or not at all: under another name first, then renamed.
    ///
    /// Throws as `check` does, and `.failed` with the path and the system's reason.
    package static func write(_ model: CompiledModel, from source: ModelSource, to path: String) throws {
        try write(model, from: source, to: path, form, nil)
    }

    /// The same in the cache, where a folder of that name is Kongur's in any case.
    static func keep(
        _ model: CompiledModel,
        from source: ModelSource,
        _ files: CompiledModelManifest.Source,
        at path: String
    ) throws {
        removeLeftovers(in: PartialName.parts(of: path).folder)
        try write(model, from: source, to: path, kept, files)
    }

    private static func write(
        _ model: CompiledModel,
        from source: ModelSource,
        to path: String,
        _ form: FolderForm,
        _ origin: CompiledModelManifest.Source?
    ) throws {
        do {
            let manager = FileManager.default
            let replacement = try FolderReplacement(at: path, form)
            let temporary = replacement.temporary
            try CompiledModelFile.write(model, to: temporary)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            try encoder.encode(source.samplingDefaults).write(to: URL(fileURLWithPath: "\(temporary)/\(defaultsName)"))
            for file in textFiles(of: source.folder) + [cardName].filter({ FileState("\(source.folder)/\($0)") != nil })
            {
                // A pulled model's files are links into the cache; what is kept here must not depend on it.
                let original = URL(fileURLWithPath: "\(source.folder)/\(file)").resolvingSymlinksInPath()
                let copy = "\(temporary)/\(file)"
                try manager.createDirectory(
                    atPath: PartialName.parts(of: copy).folder,
                    withIntermediateDirectories: true
                )
                try Data(contentsOf: original).write(to: URL(fileURLWithPath: copy))
            }
            var manifest = CompiledModelManifest(files: [:], notices: source.notices, source: origin)
            let names = names(in: temporary)
            for name in names where name != weightsName {
                manifest.files[name] = CompiledModelManifest.digest("\(temporary)/\(name)")
            }
            try manifest.write(to: temporary)
            // Whatever the process's mask says: what others may write is not used.
            for name in names + [CompiledModelManifest.name] { chmod("\(temporary)/\(name)", 0o644) }
            chmod("\(temporary)/\(templates.name)", 0o755)
            try replacement.commit()
        } catch let error as KongurError {
            throw error
        } catch {
            throw KongurError(
                .failed,
                "\(path): the compiled model cannot be written: \(error.systemReason)",
                cause: error
            )
        }
    }

    /// The files of a model that turn text into tokens and back, those that it has.
    static func textFiles(of folder: String) -> [String] {
        tokenizerFiles.filter { FileState("\(folder)/\($0)") != nil }
            + ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(templates.name)")) ?? [])
            .filter { $0.hasSuffix(templates.ending) }.sorted().map { "\(templates.name)/\($0)" }
    }

    /// The files in a compiled model's folder, those of the folder within it by their paths.
    private static func names(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()) ?? []
        return names.filter { $0 != templates.name } + textFiles(of: folder).filter { $0.contains("/") }
    }

    /// Removes what killed processes left in a folder of compiled models in the cache.
    private static func removeLeftovers(in folder: String) {
        PartialName.forEachLeftover(in: folder, where: { $0.hasSuffix(".kongur") }) { path, _ in kept.remove(path) }
    }

    /// The sampling that the model's authors suggest; none when the file is not there.
    ///
    /// Throws `.invalidModel` for one that is not sound.
    static func defaults(in folder: String) throws -> SamplingDefaults {
        let path = "\(folder)/\(defaultsName)"
        guard let data = FileManager.default.contents(atPath: path) else { return SamplingDefaults() }
        let defaults: SamplingDefaults
        do {
            defaults = try JSONDecoder().decode(SamplingDefaults.self, from: data)
        } catch {
            throw KongurError(.invalidModel, "\(path): \(error.systemReason); compile the model again", cause: error)
        }
        if let fault = defaults.fault {
            throw KongurError(.invalidModel, "\(path): \(fault); compile the model again")
        }
        return defaults
    }
}
