/// Who wrote a character of a prompt.
///
/// Templates do what they like with text (cut, trim, upper-case, join it); each character keeps its origin, so that in the
/// end the template's own control tokens can be told from those that a message merely spells.
package enum TextOrigin: UInt32, Sendable, Hashable {
    /// The template itself, and the names of roles.
    case template
    /// An assistant's message, its thinking included.
    case assistant
    /// A call of a tool in an assistant's message.
    case call
    case system
    /// The description of the tools.
    case tools
    case user
    /// The result of a tool.
    case toolResult
    /// A further variable, such as those of `chat_template_kwargs`.
    case variable
}

/// A text, such as a rendered prompt, and where its parts come from.
package struct MarkedText: Sendable, Hashable {
    /// A stretch of one origin, up to `end` in bytes of UTF-8.
    package struct Run: Sendable, Hashable {
        package var end: Int
        package var origin: TextOrigin
    }

    package let text: String
    /// In order; the last ends with the text.
    package let runs: [Run]

    package init(text: String, runs: [Run]) {
        self.text = text
        self.runs = runs
    }

    package func contains(_ origin: TextOrigin) -> Bool { runs.contains { $0.origin == origin } }

    /// What stands before the last occurrence of a text; nil where there is none.
    package func before(_ part: String) -> MarkedText? {
        guard let place = text.ranges(of: part).last?.lowerBound else { return nil }
        let kept = String(text[..<place])
        let end = kept.utf8.count
        var runs = self.runs.filter { $0.end < end }
        if let origin = self.runs.first(where: { $0.end >= end })?.origin { runs.append(Run(end: end, origin: origin)) }
        return MarkedText(text: kept, runs: runs)
    }
}
