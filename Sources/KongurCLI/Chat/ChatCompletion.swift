import Foundation

/// What Tab offers in a conversation: commands, the names of settings, and files.
enum ChatCompletion {
    /// Whole texts that begin with `text`.
    static func completions(of text: String) -> [String] {
        guard text.hasPrefix("/"), !text.contains("\n") else { return [] }
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count > 1 else {
            return ChatInstruction.Name.allCases.map { "/\($0.rawValue)" }.filter { $0.hasPrefix(text) }
        }
        let (command, given) = (String(words[0]), String(words[1]))
        switch ChatInstruction.Name(rawValue: String(command.dropFirst())) {
        case .set: return ChatSetting.all.map(\.name).filter { $0.hasPrefix(given) }.map { "\(command) \($0) " }
        case .save, .load: return paths(given).map { "\(command) \($0)" }
        default: return []
        }
    }

    private static func paths(_ given: String) -> [String] {
        let cut = given.lastIndex(of: "/").map { given.index(after: $0) } ?? given.startIndex
        let (folder, start) = (String(given[..<cut]), String(given[cut...]))
        let place = folder.isEmpty ? "." : (folder as NSString).expandingTildeInPath
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
        return names.filter { $0.hasPrefix(start) && (!start.isEmpty || !$0.hasPrefix(".")) }.sorted().map { name in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: "\(place)/\(name)", isDirectory: &isFolder)
            return folder + name + (isFolder.boolValue ? "/" : "")
        }
    }
}
