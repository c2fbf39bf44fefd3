package import DeviceRuntime
import Foundation

/// A compiled model as a folder: the program with its weights, the tokenizer's files, and what they came from.
package enum CompiledModelFolder {
    private static let defaultsName = "sampling.json"
    static let tokenizerFiles = [
        "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "added_tokens.json",
        "chat_template.jinja",
    ]

    /// Writes a folder that appears whole or not at all: under another name first, then renamed.
    ///
    /// Throws `.failed` with the path and the system's reason.
    package static func write(
        _ model: CompiledModel,
        defaults: SamplingDefaults,
        tokenizerFolder: String,
        to path: String
    ) throws {
        let manager = FileManager.default
        let temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier).partial"
        do {
            try? manager.removeItem(atPath: temporary)
            try manager.createDirectory(atPath: temporary, withIntermediateDirectories: true)
            try CompiledModelFile.write(model, to: temporary)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            try encoder.encode(defaults).write(to: URL(fileURLWithPath: "\(temporary)/\(defaultsName)"))
            for file in tokenizerFiles where manager.fileExists(atPath: "\(tokenizerFolder)/\(file)") {
                // A pulled model's files are links into the cache; what is kept here must not depend on it.
                let source = URL(fileURLWithPath: "\(tokenizerFolder)/\(file)").resolvingSymlinksInPath()
                try manager.copyItem(at: source, to: URL(fileURLWithPath: "\(temporary)/\(file)"))
            }
            if manager.fileExists(atPath: path) { try manager.removeItem(atPath: path) }
            try manager.moveItem(atPath: temporary, toPath: path)
        } catch {
            try? manager.removeItem(atPath: temporary)
            let reason = (error as? CocoaError)?.localizedDescription ?? "\(error)"
            throw KongurError(.failed, "\(path): the compiled model cannot be written: \(reason)", cause: error)
        }
    }

    /// The sampling that the model's authors suggest; none when the file is not there or not sound.
    static func defaults(in folder: String) -> SamplingDefaults {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(defaultsName)"),
            let defaults = try? JSONDecoder().decode(SamplingDefaults.self, from: data)
        else { return SamplingDefaults() }
        return defaults
    }
}
