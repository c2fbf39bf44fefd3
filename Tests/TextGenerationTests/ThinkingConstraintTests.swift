import DeviceRuntime
import InferenceEngine
import KongurTesting
import Testing
import Tokenizers

@testable import TextGeneration

/// Thinking ends in time, and an answer follows, whatever the model would rather do.
@Suite(.timeLimit(.minutes(10))) struct ThinkingConstraintTests {
    private let question = Prompt.chat([ChatMessage(role: "user", content: "2+2?")])

    private func generator(
        _ device: ScriptedDevice,
        template: String = ByteTokenizer.template,
        cacheBlocks: Int = 1024,
        speculation: Speculation = .automatic
    ) throws -> TextGenerator {
        let engine = try Engine(
            // Rows are longer than the vocabulary, as padded ones are.
            model: .scripted(vocabularySize: Self.vocabularySize, contextLength: 1024),
            device: device,
            configuration: EngineConfiguration(cacheBlocks: cacheBlocks, speculation: speculation)
        )
        return TextGenerator(
            tokenizer: try ByteTokenizer.load(),
            template: try ChatTemplate(source: template),
            engine: EngineGroup(engine)
        )
    }

    private static let vocabularySize = ByteTokenizer.vocabularySize + 5

    /// A model that says `opening` and then thinks without end; behind a closing tag it says `answer`.
    private func thinker(
        _ opening: String,
        _ answer: String,
        template: String = ByteTokenizer.template
    ) throws -> TextGenerator {
        let promptCount = try generator(ScriptedDevice(vocabularySize: 1), template: template).prepare(question)
            .tokenIDs
            .count
        let tag = ByteTokenizer.ids("</think>\n\n")
        let (opening, thought, answer) = (
            ByteTokenizer.ids(opening), ByteTokenizer.ids("so 2 and "), ByteTokenizer.ids(answer)
        )
        let device = ScriptedDevice { history in
            let said = Array(history.dropFirst(promptCount))
            var logits = [Float](repeating: 0, count: Self.vocabularySize)
            if let start = said.indices.first(where: { said[$0...].starts(with: tag) }) {
                let place = said.count - start - tag.count
                logits[place < answer.count ? answer[place] : ByteTokenizer.messageEnd] = 50
            } else if said.count < opening.count {
                logits[opening[said.count]] = 50
            } else {
                logits[thought[(said.count - opening.count) % thought.count]] = 50
            }
            return logits
        }
        return try generator(device, template: template)
    }

    private func options(_ budget: Int?, maxNewTokens: Int? = nil) -> GenerationOptions {
        GenerationOptions(sampling: .greedy, maxNewTokens: maxNewTokens, thinkingBudget: budget)
    }

    @Test(arguments: [0, 1, 8, 9, 100]) func thinkingEndsAfterItsBudget(_ budget: Int) async throws {
        let result = try await thinker("<think>\n", "4").answer(question, options(budget))
        // The line break behind the tag is a token of thinking.
        let thought = String(repeating: "so 2 and ", count: 20).prefix(max(0, budget - 1))
        #expect(result.text == "<think>\n\(thought)\n</think>\n\n4")
        #expect(result.answer == "4" && result.finishReason == .stop)
        #expect(result.usage.completionTokens == result.tokenIDs.count)
        #expect(result.usage.reasoningTokens == max(1, budget) + "\n</think>".utf8.count + 1)
    }

    @Test func promptThatOpensTheThoughtIsCounted() async throws {
        let template = ByteTokenizer.template.replacing("assistant\n{% endif", with: "assistant\n<think>\n{% endif")
        for (budget, text) in [(0, "\n</think>\n\n4"), (4, "so 2\n</think>\n\n4")] {
            let result = try await thinker("", "4", template: template).answer(question, options(budget))
            #expect(result.text == text)
        }
    }

    @Test func roomIsKeptForTheAnswer() async throws {
        let answer = String(repeating: "4", count: 200)
        let result = try await thinker("<think>", answer).answer(question, options(10_000, maxNewTokens: 120))
        #expect(result.finishReason == .length && result.tokenIDs.count == 120)
        // A quarter of the 120 tokens, and what the tag left of its own.
        #expect(result.answer.count == 31)
        // Without a longest answer, the context's end is the limit.
        let generator = try thinker("<think>", "4")
        let endless = try await generator.answer(question, options(10_000))
        #expect(endless.answer == "4" && endless.finishReason == .stop)
        let prompt = try generator.prepare(question).tokenIDs.count
        #expect((700..<1024 - prompt).contains(endless.usage.completionTokens))
    }

    @Test func whatEndsInTimeIsLeftAlone() async throws {
        for text in ["<think>\nso\n</think>\n\n4 <think> or </think> 5", "4", "well, 4"] {
            let promptCount = try generator(ScriptedDevice(vocabularySize: 1)).prepare(question).tokenIDs.count
            let answer = ByteTokenizer.ids(text) + [ByteTokenizer.messageEnd]
            let device = ScriptedDevice(vocabularySize: Self.vocabularySize, promptCount: promptCount, answer: answer)
            let result = try await generator(device).answer(question, options(12))
            #expect(result.text == text && result.finishReason == .stop)
        }
    }

    @Test func tagThatHasBegunIsCompleted() async throws {
        let result = try await thinker("<think>so\n</th", "4").answer(question, options(7))
        #expect(result.text == "<think>so\n</think>\n\n4")
    }

    @Test func thinkingCannotEndTheAnswerNorBeginAgain() async throws {
        let promptCount = try generator(ScriptedDevice(vocabularySize: 1)).prepare(question).tokenIDs.count
        // Wants to end at once, then to think again, as one token and byte by byte, and to close again.
        for again in [[ByteTokenizer.think], ByteTokenizer.ids("<think>"), ByteTokenizer.ids("</think>")] {
            let device = ScriptedDevice { history in
                let said = Array(history.dropFirst(promptCount))
                var logits = (0..<Self.vocabularySize).map { Float($0 % 7) / 10 }
                guard !said.isEmpty else {
                    logits[ByteTokenizer.think] = 50
                    return logits
                }
                if said.count < 18 || said.count > 60 { logits[ByteTokenizer.messageEnd] = 40 }
                let place = again.indices.last { $0 <= said.count && said.suffix($0) == again.prefix($0)[...] } ?? 0
                if said.count > 30, said.count < 60 { logits[again[place]] = 50 }
                return logits
            }
            let result = try await generator(device).answer(question, options(5))
            #expect(result.usage.reasoningTokens >= 5 && !result.answer.isEmpty)
            #expect(result.text.ranges(of: "think>").count == 2)
            #expect(result.finishReason == .stop)
        }
    }

    @Test func formatBeginsBehindTheTag() async throws {
        for budget in [0, 20] {
            var options = options(budget)
            options.format = .jsonSchema([
                "type": "object", "properties": ["sum": ["type": "integer", "maximum": 9]], "required": ["sum"],
                "additionalProperties": false,
            ])
            let result = try await thinker("<think>\n", "whatever").answer(question, options)
            #expect(result.finishReason == .stop)
            #expect(try JSONValue(parsing: result.answer)["sum"]?.int != nil)
            #expect(result.reasoning == String(repeating: "so 2 and ", count: 9).prefix(max(0, budget - 1)))
        }
    }

    /// The same tokens alone, in batches, guessed, found in the cache and computed again after losing their blocks; and up
    /// to the budget those that come without one.
    @Test func tokensDoNotDependOnHowTheyAreComputed() async throws {
        let samplings = (0..<6 as Range<UInt64>).map { seed in
            SamplingParameters(temperature: 1, repetitionPenalty: seed % 2 == 0 ? 1 : 1.2, seed: seed, logprobs: 2)
        }
        let template = ByteTokenizer.template.replacing("assistant\n{% endif", with: "assistant\n<think>\n{% endif")
        func run(_ speculation: Speculation, cacheBlocks: Int, budget: Int?, together: Bool) async throws -> [[Int]] {
            let device = ScriptedDevice(vocabularySize: Self.vocabularySize, period: 3, lapse: 5)
            let generator = try generator(
                device,
                template: template,
                cacheBlocks: cacheBlocks,
                speculation: speculation
            )
            let answers = try await withThrowingTaskGroup(of: (Int, [Int]).self) { group in
                for (index, sampling) in samplings.enumerated() {
                    var options = options(budget, maxNewTokens: 100)
                    options.sampling = sampling
                    options.ignoreEOS = true
                    if together {
                        group.addTask { [options] in (index, try await generator.answer(question, options).tokenIDs) }
                    } else {
                        let tokens = try await generator.answer(question, options).tokenIDs
                        group.addTask { (index, tokens) }
                    }
                }
                return try await group.reduce(into: [Int: [Int]]()) { $0[$1.0] = $1.1 }
            }
            await generator.engine.shutdown(draining: true)
            if cacheBlocks < 100 { #expect(generator.engine.metrics.preemptions > 0) }
            if speculation != .off { #expect(generator.engine.metrics.acceptedTokens > 0) }
            return samplings.indices.map { answers[$0] ?? [] }
        }
        let alone = try await run(.off, cacheBlocks: 1024, budget: 30, together: false)
        let tag = ByteTokenizer.ids("\n</think>\n\n")
        for tokens in alone {
            let behind = Array(tokens[30...])
            #expect(tokens.count == 100 && (behind.starts(with: tag) || behind.starts(with: tag.dropFirst())))
        }
        #expect(try await run(.off, cacheBlocks: 1024, budget: 30, together: true) == alone)
        #expect(try await run(.upTo(4), cacheBlocks: 1024, budget: 30, together: true) == alone)
        #expect(try await run(.off, cacheBlocks: 60, budget: 30, together: true) == alone)
        let free = try await run(.off, cacheBlocks: 1024, budget: nil, together: true)
        #expect(zip(free, alone).allSatisfy { $0.prefix(30) == $1.prefix(30) && $0 != $1 })
    }

    @Test func negativeBudgetIsRefused() async throws {
        let error = await #expect(throws: TextGenerationError.self) {
            try await thinker("", "4").answer(question, options(-1))
        }
        #expect(error?.code == .invalidThinkingBudget)
    }
}
