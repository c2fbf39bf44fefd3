import Grammars
import MemoryAccounting
import Tokenizers

/// A tokenizer's tokens as they appear in the text of an answer.
struct FormatVocabulary: Sendable {
    let grammar: TokenGrammar
    /// The tokens that the tag before thinking may begin with.
    let thoughtBeginnings: [(id: Int, bytes: [UInt8])]
    private let tokenizer: Tokenizer

    /// Masks are kept up to `cacheSize` bytes, and as far as the ledger has room.
    init(_ tokenizer: Tokenizer, cacheSize: Int, memory: MemoryLedger?) {
        self.tokenizer = tokenizer
        let tag = Array(ReasoningSplitter.openingTag.utf8)
        var beginnings: [(id: Int, bytes: [UInt8])] = []
        grammar = TokenGrammar(
            vocabularySize: tokenizer.vocabularySize,
            cacheSize: cacheSize,
            memory: memory
        ) { id in
            let bytes = Self.bytes(of: id, tokenizer)
            if let bytes, !bytes.isEmpty, tag.starts(with: bytes) || bytes.starts(with: tag) {
                beginnings.append((id, bytes))
            }
            return bytes
        }
        thoughtBeginnings = beginnings
    }

    /// Nil for tokens that have no text, such as the end of a message.
    func bytes(of id: Int) -> [UInt8]? { Self.bytes(of: id, tokenizer) }

    private static func bytes(of id: Int, _ tokenizer: Tokenizer) -> [UInt8]? {
        tokenizer.isSpecial(id) && !AnswerTag.isTag(id, of: tokenizer) ? nil : tokenizer.bytes(of: id)
    }
}
