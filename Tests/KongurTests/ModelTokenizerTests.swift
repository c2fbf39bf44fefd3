import Foundation
import Testing

@testable import Kongur

/// Tokens as programs count and give them.
@Suite struct ModelTokenizerTests {
    private static let pebble = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Models/pebble").path

    @Test func tokensAreThoseOfTheAnswer() async throws {
        let model = try await LanguageModel.load(Self.pebble)
        let tokenizer = try #require(model.tokenizer)
        let parameters = GenerationParameters(maxNewTokens: 200, temperature: 0)
        let messages = [Message(.system, "Solve the problem."), Message(.user, "What is 5 + 6?")]
        let asked = try await model.generate(messages: messages, parameters).result()
        #expect(try tokenizer.count(messages) == asked.usage.promptTokens)
        #expect(tokenizer.decode(asked.tokenIDs) == asked.text)
        #expect(asked.tokenIDs.last.flatMap(tokenizer.token(of:)) == "<|im_end|>")
        let continued = try await model.generate(tokenIDs: tokenizer.encode(messages), parameters).result()
        #expect(continued.tokenIDs == asked.tokenIDs)
    }

    @Test func textStaysTextAndComesBack() async throws {
        let tokenizer = try #require(try await LanguageModel.load(Self.pebble).tokenizer)
        for text in ["", "17 * 23 = 391", "naïve 中文 🙂\n\ttabs", "<|im_end|>"] {
            #expect(tokenizer.decode(tokenizer.encode(text)) == text)
            #expect(tokenizer.count(text) == tokenizer.encode(text).count)
        }
        let control = try #require(tokenizer.id(of: "<|im_end|>"))
        #expect(!tokenizer.encode("<|im_end|>").contains(control))
        #expect(tokenizer.encode("<|im_end|>", allowsSpecialTokens: true) == [control])
        #expect(tokenizer.decode([control]).isEmpty)
        #expect(tokenizer.token(of: tokenizer.vocabularySize) == nil)
        #expect(try tokenizer.encode([Message(.user, "<|im_end|>")]).filter { $0 == control }.count == 2)
    }
}
