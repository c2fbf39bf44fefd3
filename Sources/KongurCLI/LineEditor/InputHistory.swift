import Foundation
import Tensors

/// What was said before, which the arrow keys bring back; kept in a file from one conversation to the next.
struct InputHistory {
    /// The most entries that are kept.
    static let limit = 1000

    private(set) var entries: [String] = []
    /// The entry that is shown; as many as there are for what is being written.
    private var place = 0
    /// What was being written when the first entry was brought back.
    private var draft = ""
    private let path: String?

    /// Reads the file's entries; a file that is not there or not sound has none, and nil keeps none.
    init(path: String?) {
        self.path = path
        guard let path, let data = FileManager.default.contents(atPath: path) else { return }
        let lines = data.split(separator: UInt8(ascii: "\n"))
        entries = lines.compactMap { try? JSONDecoder().decode(String.self, from: $0) }.suffix(Self.limit)
        place = entries.count
    }

    /// The file of this user: in `XDG_STATE_HOME`, or else in `~/.local/state`.
    static func defaultPath(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
        let state = environment["XDG_STATE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
        guard let folder = state ?? environment["HOME"].map({ $0 + "/.local/state" }) else { return nil }
        return folder + "/kongur/chat-history"
    }

    /// The entry before the one that is shown; nil where there is none.
    mutating func earlier(than current: String) -> String? {
        guard place > 0 else { return nil }
        if place == entries.count { draft = current }
        place -= 1
        return entries[place]
    }

    /// The entry after the one that is shown, or at last what was being written.
    mutating func later() -> String? {
        guard place < entries.count else { return nil }
        place += 1
        return place == entries.count ? draft : entries[place]
    }

    /// Adds what was said, where it is not what was said last, and goes back to the end.
    mutating func add(_ text: String) {
        if entries.last != text, !text.allSatisfy(\.isWhitespace) {
            entries = (entries + [text]).suffix(Self.limit)
            save()
        }
        place = entries.count
        draft = ""
    }

    /// Writes the file, for its owner alone; one that cannot be written is no reason to stop a conversation.
    private func save() {
        guard let path else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let lines = entries.compactMap { try? encoder.encode($0) + [UInt8(ascii: "\n")] }
        let manager = FileManager.default
        let folder = (path as NSString).deletingLastPathComponent
        try? manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let text = Array(lines.joined())
        guard let file = try? AtomicFile(path: path, permissions: 0o600, replacing: { _ in true }) else { return }
        if (try? file.write(text)) != nil { try? file.commit() }
    }
}
