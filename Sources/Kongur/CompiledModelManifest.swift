import Foundation

/// `manifest.json` of a compiled model: the other files' hashes, and what it was made from.
struct CompiledModelManifest: Codable {
    static let name = "manifest.json"

    /// Of the files that it was compiled from.
    struct Source: Codable {
        /// See `SourceFiles.whole`.
        var digest: String
        var states: [FileState]
    }

    /// The version of Kongur that wrote it.
    var kongur = kongurVersion
    /// SHA-256 of each file but the weights, whose hashes are in the program, in hexadecimal.
    var files: [String: String]
    /// What is said whenever the model is loaded.
    var notices: [String]
    /// For a model that is kept in the cache.
    var source: Source?

    /// Nil when there is none, or none that can be read.
    static func read(in folder: String) -> CompiledModelManifest? {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else { return nil }
        return try? JSONDecoder().decode(Self.self, from: data)
    }

    func write(to folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: URL(fileURLWithPath: "\(folder)/\(Self.name)"))
    }

    /// A file that is not as it was written, or that was not there; nil when there is none.
    func fault(in folder: String, of names: some Sequence<String>) -> String? {
        names.first {
            $0 != Self.name && $0 != CompiledModelFolder.weightsName && Self.digest("\(folder)/\($0)") != files[$0]
        }
    }

    static func digest(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map(\.sha256)
    }
}
