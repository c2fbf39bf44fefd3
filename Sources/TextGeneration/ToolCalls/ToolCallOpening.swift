/// What announces a call in an answer, and where.
struct ToolCallOpening: Sendable {
    enum Kind: Sendable {
        /// `<tool_call>`, up to `</tool_call>`.
        case tag
        /// `<|python_tag|>`, which Llama 3.1 writes before the JSON.
        case pythonTag
        /// A fenced block of JSON.
        case fence
        /// JSON at the beginning of a line.
        case bare
    }

    enum Search: Sendable {
        case found(ToolCallOpening)
        /// What begins at this index may become an opening.
        case undecided(Int)
        case none
    }

    var kind: Kind
    /// Where the opening begins, and the JSON behind it.
    var start: Int
    var json: Int

    static let tag = Array(ToolCallParser.openingTag.utf8)
    static let closingTag = Array(ToolCallParser.closingTag.utf8)
    private static let pythonTag = Array("<|python_tag|>".utf8)
    private static let fence = Array("```".utf8)
    /// What may stand behind a fence before a call.
    private static let languages = ["", "json", "tool_call", "tool_calls", "tool_code"].map { Array($0.utf8) }

    /// The first opening in some text.
    ///
    /// `isLineBlank` says whether the line before the text is blank; calls without tags stand at the beginnings of lines.
    static func first(in text: [UInt8], isLineBlank: Bool, readsBareCalls: Bool) -> Search {
        var isLineBlank = isLineBlank
        for (index, byte) in text.enumerated() {
            switch byte {
            case UInt8(ascii: "\n"):
                isLineBlank = true
                continue
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): continue
            case UInt8(ascii: "<"):
                let rest = text[index...]
                for (tag, kind) in [(tag, Kind.tag), (pythonTag, .pythonTag)] {
                    if rest.starts(with: tag) {
                        return .found(ToolCallOpening(kind: kind, start: index, json: index + tag.count))
                    }
                    if tag.starts(with: rest) { return .undecided(index) }
                }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                if isLineBlank, readsBareCalls {
                    return .found(ToolCallOpening(kind: .bare, start: index, json: index))
                }
            case UInt8(ascii: "`"):
                if isLineBlank, readsBareCalls {
                    switch fenced(text[index...]) {
                    case .none: break
                    case let result: return result
                    }
                }
            default: break
            }
            isLineBlank = false
        }
        return .none
    }

    /// Whether a text begins with a fence and a call behind it.
    private static func fenced(_ text: ArraySlice<UInt8>) -> Search {
        guard text.starts(with: fence) else { return fence.starts(with: text) ? .undecided(text.startIndex) : .none }
        let line = text.dropFirst(fence.count)
        guard let end = line.firstIndex(of: UInt8(ascii: "\n")) else {
            return languages.contains { $0.starts(with: line) } ? .undecided(text.startIndex) : .none
        }
        let language = line[..<end].filter { !$0.isJSONSpace }
        guard languages.contains(language) else { return .none }
        guard let first = text[end...].firstIndex(where: { !$0.isJSONSpace }) else {
            return .undecided(text.startIndex)
        }
        guard text[first] == UInt8(ascii: "{") || text[first] == UInt8(ascii: "[") else { return .none }
        return .found(ToolCallOpening(kind: .fence, start: text.startIndex, json: first))
    }

    /// Whether the JSON may be a list of calls.
    var allowsList: Bool { kind != .tag }

    /// What of the text is the opening itself, where no call follows it.
    var rejectedEnd: Int { kind == .bare ? json + 1 : json }

    enum End: Sendable {
        /// The call ends here.
        case at(Int)
        case undecided
        /// What follows makes it no call.
        case none
    }

    /// Where a call ends whose JSON ends at `index`; `isLast` when nothing comes any more.
    func end(in text: [UInt8], after index: Int, isLast: Bool) -> End {
        let rest = text[index...].drop(while: \.isJSONSpace)
        switch kind {
        case .tag, .fence:
            let closing = kind == .tag ? Self.closingTag : Self.fence
            if rest.starts(with: closing) { return .at(rest.startIndex + closing.count) }
            guard closing.starts(with: rest) else { return .none }
            return isLast ? .at(text.endIndex) : .undecided
        case .bare, .pythonTag:
            let line = text[index...].drop { $0 == 0x20 || $0 == 0x09 }
            guard let next = line.first else { return isLast ? .at(text.endIndex) : .undecided }
            switch next {
            case UInt8(ascii: ";"): return .at(line.startIndex + 1)
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): return .at(index)
            default: return kind == .pythonTag ? .at(index) : .none
            }
        }
    }
}
