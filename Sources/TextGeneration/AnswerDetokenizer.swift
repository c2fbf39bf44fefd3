import Tokenizers

/// Turns the tokens of an answer into text; special tokens have none, except tags that are special tokens.
struct AnswerDetokenizer: Sendable {
    private let tokenizer: Tokenizer
    private let skipsSpecial: Bool
    private var detokenizer: StreamingDetokenizer

    init(_ tokenizer: Tokenizer, skipsSpecial: Bool = true) {
        self.tokenizer = tokenizer
        self.skipsSpecial = skipsSpecial
        detokenizer = StreamingDetokenizer(tokenizer: tokenizer, skipSpecial: skipsSpecial)
    }

    /// Adds a token and returns the text that is now certain.
    mutating func append(_ id: Int) -> String {
        if skipsSpecial, tokenizer.isSpecial(id), AnswerTag.isTag(id, of: tokenizer), let tag = tokenizer.token(of: id)
        {
            return detokenizer.finish() + tag
        }
        return detokenizer.append(id)
    }

    /// Ends the text.
    mutating func finish() -> String { detokenizer.finish() }
}
