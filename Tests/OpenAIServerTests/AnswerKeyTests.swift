import InferenceEngine
import ResponseCaching
import Testing
import Tokenizers

@testable import OpenAIServer
@testable import TextGeneration

/// What is left out of the key is an answer to another question.
struct AnswerKeyTests {
    private static let prompt = PreparedPrompt(
        tokenIDs: [1, 2, 3],
        text: "a b c",
        isMostlyChinese: false,
        opening: .answer
    )

    private func key(_ change: (inout [PreparedPrompt], inout Int, inout GenerationOptions) -> Void) -> CacheKey {
        var (prompts, count, options) = ([Self.prompt], 1, GenerationOptions())
        change(&prompts, &count, &options)
        return AnswerCache.key(prompts, count, options, "model")
    }

    private static let options: [String: @Sendable (inout GenerationOptions) -> Void] = [
        "sampling": { $0.sampling.temperature = 0 },
        "maxNewTokens": { $0.maxNewTokens = 7 },
        "minNewTokens": { $0.minNewTokens = 1 },
        "stopStrings": { $0.stopStrings = ["x"] },
        "includesStop": { $0.includesStop = true },
        "skipsSpecialTokens": { $0.skipsSpecialTokens = !$0.skipsSpecialTokens },
        "badWords": { $0.badWords = ["x"] },
        "reasoning": { $0.reasoning = .on },
        "account": { $0.account = Account("ann") },
        "stopTokenIDs": { $0.stopTokenIDs = [9] },
        "ignoreEOS": { $0.ignoreEOS = true },
        "format": { $0.format = .jsonObject },
        "tools": { $0.tools = CallableTools(names: ["a"]) },
        "thinkingBudget": { $0.thinkingBudget = 0 },
        "splitsReasoning": { $0.splitsReasoning = false },
        "priority": { $0.priority = -1 },
        "cacheSalt": { $0.cacheSalt = "salt" },
    ]

    private static let sampling: [String: @Sendable (inout SamplingParameters) -> Void] = [
        "temperature": { $0.temperature = 0.5 },
        "topK": { $0.topK = 5 },
        "topP": { $0.topP = 0.5 },
        "minP": { $0.minP = 0.5 },
        "repetitionPenalty": { $0.repetitionPenalty = 1.5 },
        "presencePenalty": { $0.presencePenalty = 0.5 },
        "frequencyPenalty": { $0.frequencyPenalty = 0.5 },
        "logitBias": { $0.logitBias = [1: 2] },
        "forbiddenTokenIDs": { $0.forbiddenTokenIDs = [1] },
        "allowedTokenIDs": { $0.allowedTokenIDs = [1] },
        "badWords": { $0.badWords = [[1]] },
        "seed": { $0.seed = 5 },
        "logprobs": { $0.logprobs = 0 },
    ]

    @Test func everythingThatIsAskedForIsInTheKey() {
        // A field that is new belongs into these tables.
        #expect(Set(Mirror(reflecting: GenerationOptions()).children.compactMap(\.label)) == Set(Self.options.keys))
        #expect(Set(Mirror(reflecting: SamplingParameters()).children.compactMap(\.label)) == Set(Self.sampling.keys))
        var keys = [key { _, _, _ in }, AnswerCache.key([Self.prompt], 1, GenerationOptions(), "another model")]
        keys += Self.options.values.map { change in key { _, _, options in change(&options) } }
        keys += Self.sampling.values.map { change in key { _, _, options in change(&options.sampling) } }
        keys += [
            key { prompts, _, _ in prompts[0].tokenIDs[2] = 4 },
            key { prompts, _, _ in prompts[0].text = "a b d" },
            key { prompts, _, _ in prompts[0].opening = .reasoning },
            key { prompts, _, _ in prompts.append(prompts[0]) },
            key { _, count, _ in count = 2 },
            key { _, _, options in options.tools = CallableTools(names: ["a"], isParallel: false) },
            key { _, _, options in options.tools = CallableTools(names: ["a", "b"]) },
            key { _, _, options in options.format = .jsonSchema(["type": "object"]) },
            key { _, _, options in options.format = .jsonSchema(["type": "array"]) },
            key { _, _, options in options.format = .jsonSchema(["type": "array", "minItems": 1]) },
            key { _, _, options in options.format = .jsonSchema(["minItems": 1, "type": "array"]) },
        ]
        #expect(Set(keys).count == keys.count)
    }

    @Test func theSameRequestIsTheSameKey() {
        let ask = { (names: [String]) in
            key { _, _, options in
                options.stopTokenIDs = Set(0..<50)
                options.sampling.logitBias = Dictionary(uniqueKeysWithValues: (0..<50).map { ($0, Float($0)) })
                options.format = .jsonSchema(["properties": .array(names.map { .string($0) })])
            }
        }
        #expect(ask(["a", "b"]) == ask(["a", "b"]))
        #expect(ask(["a", "b"]) != ask(["b", "a"]))
    }
}
