import ArgumentParser
import Foundation
import Kongur
import OpenAIServer

/// What a shell offers for values when Tab is pressed, as it is at hand then.
enum Completions {
    /// Devices of this machine, and those that can be simulated.
    static let devices = CompletionKind.custom { _, _, _ in
        DeviceCatalog.names + ((try? DeviceCatalog.simulatedNames()) ?? [])
    }

    /// The bundled model, pulled ones, and folders and files.
    static let models = CompletionKind.custom { _, _, prefix in ModelLocator().names + paths(beginning: prefix) }

    static let presets = CompletionKind.list(SystemPreset.allCases.map(\.rawValue))

    /// Paths that begin so; those that begin with a dot only where it is given.
    private static func paths(beginning prefix: String) -> [String] {
        let cut = prefix.lastIndex(of: "/").map { prefix.index(after: $0) } ?? prefix.startIndex
        let (folder, name) = (String(prefix[..<cut]), String(prefix[cut...]))
        let found = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        return found.sorted().filter { $0.hasPrefix(name) && ($0.hasPrefix(".") == name.hasPrefix(".")) }
            .map { entry in
                var isFolder: ObjCBool = false
                _ = FileManager.default.fileExists(atPath: folder + entry, isDirectory: &isFolder)
                return folder + entry + (isFolder.boolValue ? "/" : "")
            }
    }
}
