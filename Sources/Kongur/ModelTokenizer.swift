import TextGeneration
import Tokenizers

/// The tokenizer of a model: text to the ids that `generate(tokenIDs:)` takes and `GenerationResult.tokenIDs` holds, and back.
///
/// Equal to Hugging Face's `tokenizers` on the model's files. Cost: linear in the text.
public struct ModelTokenizer: Sendable {
    private let generator: TextGenerator

    init(_ generator: TextGenerator) {
        self.generator = generator
    }

    /// One more than the highest id.
    public var vocabularySize: Int { generator.tokenizer.vocabularySize }

    /// The token that ends a text, where the model's files name one.
    public var endOfTextID: Int? { generator.tokenizer.endOfTextID }

    /// The ids of a text.
    ///
    /// Control tokens that are spelled in it, such as `<|im_end|>`, stay text unless
    /// `allowsSpecialTokens`.
    public func encode(_ text: String, allowsSpecialTokens: Bool = false) -> [Int] {
        generator.tokenizer.encode(text, allowSpecial: allowsSpecialTokens)
    }

    /// The ids of a conversation as `generate(messages:)` gives them to the model: rendered by its chat template, up to where
    /// the answer begins.
    ///
    /// Throws `KongurError` for a model without a template and where the template refuses the messages.
    public func encode(_ messages: [Message]) throws -> [Int] {
        do {
            return try generator.prepare(.chat(messages.map(\.chatMessage))).tokenIDs
        } catch {
            throw KongurError(error)
        }
    }

    /// The text of ids; ids without a token are left out, and bytes that are no UTF-8 become U+FFFD.
    public func decode(_ tokenIDs: [Int], skippingSpecialTokens: Bool = true) -> String {
        generator.tokenizer.decode(tokenIDs, skipSpecial: skippingSpecialTokens)
    }

    /// The id of a token, as the vocabulary writes it (`Ġthe`, `<|im_end|>`).
    public func id(of token: String) -> Int? { generator.tokenizer.id(of: token) }

    /// A token as the vocabulary writes it.
    public func token(of id: Int) -> String? { generator.tokenizer.token(of: id) }

    /// The number of tokens of a text.
    public func count(_ text: String) -> Int { encode(text).count }

    /// The number of tokens that a conversation takes of the context, before its answer.
    ///
    /// Throws as `encode(_:)` does.
    public func count(_ messages: [Message]) throws -> Int { try encode(messages).count }
}

extension LanguageModel {
    /// Nil for a model that came without a tokenizer, which takes token ids alone.
    public var tokenizer: ModelTokenizer? { generator.map(ModelTokenizer.init) }
}
