import Tokenizers

/// Tags in a model's text that say what its parts are.
enum AnswerTag {
    static let all: Set<String> = [
        ReasoningSplitter.openingTag, ReasoningSplitter.closingTag, ToolCallParser.openingTag,
        ToolCallParser.closingTag,
    ]

    /// Whether a token is one of the tags: such a token has text even if it is a special one.
    static func isTag(_ id: Int, of tokenizer: Tokenizer) -> Bool {
        tokenizer.token(of: id).map(all.contains) ?? false
    }
}
