import Tokenizers

/// Turns the tokens of an answer into text; special tokens have none, except tags that are special tokens.
struct AnswerDetokenizer: Sendable {
    private let tokenizer: Tokenizer
    private var detokenizer: StreamingDetokenizer

    init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        detokenizer = StreamingDetokenizer(tokenizer: tokenizer)
    }

    /// Adds a token and returns the text that is now certain.
    mutating func append(_ id: Int) -> String {
        if tokenizer.isSpecial(id), AnswerTag.isTag(id, of: tokenizer), let tag = tokenizer.token(of: id) {
            return detokenizer.finish() + tag
        }
        return detokenizer.append(id)
    }

    /// Ends the text.
    mutating func finish() -> String { detokenizer.finish() }
}
