import Foundation
import OpenAIServer
import Yams

extension ModelCard {
    /// Bytes of a card that are looked at, and what is taken of it.
    private static let longestFile = 256 << 10
    private static let mostExamples = 12
    private static let longestText = 600

    /// What the card of a model's folder says under `kongur:` in the front matter of its README.md; nil when it says nothing.
    ///
    /// A card comes with a model from elsewhere: only that block is parsed, and one with anchors, which can grow without end,
    /// is none.
    init?(folder: String) {
        guard let file = FileHandle(forReadingAtPath: "\(folder)/README.md"),
            let data = try? file.read(upToCount: Self.longestFile),
            let block = Self.block(String(decoding: data, as: UTF8.self)), !block.contains("&"),
            let fields = (try? Yams.load(yaml: block) as? [String: Any])?["kongur"] as? [String: Any]
        else { return nil }
        let examples = (fields["examples"] as? [[String: Any]] ?? []).compactMap { (entry) -> Example? in
            guard let text = entry["text"] as? String, !text.isEmpty, text.count <= Self.longestText else { return nil }
            return Example(title: Self.texts(entry["title"]), text: text)
        }
        self.init(
            language: fields["language"] as? String ?? "en",
            summary: Self.texts(fields["summary"]),
            examples: Array(examples.prefix(Self.mostExamples))
        )
        if summary.isEmpty, self.examples.isEmpty { return nil }
    }

    /// The lines of `kongur:` in the front matter, with those that belong to it.
    private static func block(_ text: String) -> String? {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---"),
            let start = lines[..<end].firstIndex(of: "kongur:")
        else { return nil }
        let rest = lines[(start + 1)..<end].prefix { $0.isEmpty || $0.hasPrefix(" ") || $0.hasPrefix("-") }
        return ([lines[start]] + rest).joined(separator: "\n")
    }

    /// A text by language; one text alone is English.
    private static func texts(_ value: Any?) -> [String: String] {
        let texts = value as? [String: String] ?? (value as? String).map { ["en": $0] } ?? [:]
        return texts.filter { $0.value.count <= longestText }
    }
}
