import Testing

@testable import InferenceEngine

struct BadWordsTests {
    @Test func lastTokenOfASequenceIsForbiddenBehindTheOthers() {
        var words = BadWords([[7], [1, 2], [1, 2, 3], [2, 2], []])
        #expect(words.forbidden == [7])
        words.append(1)
        #expect(words.forbidden == [7, 2])
        words.append(2)
        #expect(words.forbidden == [7, 3, 2])
        words.append(9)
        #expect(words.forbidden == [7])
        var none = BadWords([])
        none.append(1)
        #expect(none.forbidden.isEmpty)
    }

    @Test func onlyAllowedTokensAreDrawn() throws {
        var mask: [UInt64] = [.max, .max]
        mask.intersect([UInt64](bits: [3, 64]))
        #expect(mask == [8, 1])
        mask.intersect([UInt64](bits: [3]))
        #expect(mask == [8, 0])
        var sampler = Sampler()
        var logits: [Float] = [1, 2, 3]
        let error = #expect(throws: EngineError.self) {
            try sampler.sample(
                &logits,
                .greedy,
                history: TokenHistory(promptTokenIDs: []),
                forbidden: [0, 1, 2],
                seed: 0,
                position: 0
            )
        }
        #expect(error?.code == .noAllowedToken)
        let wrong = [
            SamplingParameters(forbiddenTokenIDs: [5]), SamplingParameters(allowedTokenIDs: [-1]),
            SamplingParameters(badWords: [[1, 5]]),
        ]
        for parameters in wrong {
            #expect(throws: EngineError.self) { try parameters.validate(vocabularySize: 5) }
        }
    }
}
