import Grammars
import Tokenizers

/// A tokenizer's tokens as they appear in the text of an answer.
struct FormatVocabulary: Sendable {
    let grammar: TokenGrammar
    private let tokenizer: Tokenizer

    init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        grammar = TokenGrammar(vocabularySize: tokenizer.vocabularySize) { Self.bytes(of: $0, tokenizer) }
    }

    /// Nil for tokens that have no text, such as the end of a message.
    func bytes(of id: Int) -> [UInt8]? { Self.bytes(of: id, tokenizer) }

    private static func bytes(of id: Int, _ tokenizer: Tokenizer) -> [UInt8]? {
        tokenizer.isSpecial(id) && !AnswerTag.isTag(id, of: tokenizer) ? nil : tokenizer.bytes(of: id)
    }
}
