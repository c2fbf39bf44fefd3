import DeviceRuntime
import Foundation
import Grammars
import InferenceEngine
import KongurTesting
import MemoryAccounting
import Testing
import Tokenizers

@testable import TextGeneration

/// Answers in a form that was asked for, of a model that says whatever.
@Suite(.timeLimit(.minutes(10))) struct AnswerFormatTests {
    private static let schema: JSONValue = [
        "type": "object",
        "properties": [
            "name": ["type": "string", "maxLength": 12],
            "numbers": ["type": "array", "items": ["type": "integer"], "minItems": 1, "maxItems": 3],
        ],
        "required": ["name", "numbers"],
    ]

    private func generator(_ device: ScriptedDevice, stopTokenIDs: Set<Int> = []) throws -> TextGenerator {
        let engine = try Engine(
            model: .scripted(
                vocabularySize: ByteTokenizer.vocabularySize,
                contextLength: 2048,
                stopTokenIDs: stopTokenIDs
            ),
            device: device,
            configuration: EngineConfiguration(cacheBlocks: 2048)
        )
        return TextGenerator(
            tokenizer: try ByteTokenizer.load(),
            template: try ChatTemplate(source: ByteTokenizer.template),
            engine: EngineGroup(engine)
        )
    }

    /// A model that says `text`, and then anything.
    private func saying(_ text: String, after prompt: Prompt) throws -> TextGenerator {
        let count = try generator(ScriptedDevice(vocabularySize: 1)).prepare(prompt).tokenIDs.count
        let bytes = ByteTokenizer.ids(text)
        return try generator(
            ScriptedDevice { history in
                let place = history.count - count
                var logits = (0..<ByteTokenizer.vocabularySize).map {
                    Float(($0 &* 7919 &+ history.count &* 104_729) % 97) / 30
                }
                if place < bytes.count { logits[bytes[place]] = 100 }
                return logits
            }
        )
    }

    private let question = Prompt.chat([ChatMessage(role: "user", content: "2+2?")])

    private func options(_ format: AnswerFormat, seed: UInt64 = 1) -> GenerationOptions {
        GenerationOptions(sampling: SamplingParameters(temperature: 1, seed: seed), format: format)
    }

    private func check(_ answer: String) throws {
        let value = try JSONValue(parsing: answer)
        #expect(value["name"]?.string.map { $0.unicodeScalars.count <= 12 } == true)
        let numbers = try #require(value["numbers"]?.array)
        #expect((1...3).contains(numbers.count) && numbers.allSatisfy { $0.int != nil })
        #expect(value.object?.count == 2)
    }

    @Test(arguments: 0..<8 as Range<UInt64>) func anyModelAnswersInTheFormat(_ seed: UInt64) async throws {
        let generator = try generator(ScriptedDevice(vocabularySize: ByteTokenizer.vocabularySize))
        var options = options(.jsonSchema(Self.schema), seed: seed)
        options.splitsReasoning = false
        let result = try await generator.answer(question, options)
        #expect(result.finishReason == .stop && result.answer == result.text)
        #expect(result.tokenIDs.last == ByteTokenizer.messageEnd)
        try check(result.answer)
    }

    @Test func thinkingIsFreeAndTheAnswerIsNot() async throws {
        let thought = "<think>\nwell { 2 + 2 }\n</think>\n\nIt is"
        let result = try await saying(thought, after: question).answer(question, options(.jsonSchema(Self.schema)))
        #expect(result.reasoning == "well { 2 + 2 }")
        #expect(result.finishReason == .stop)
        try check(result.answer)
    }

    @Test func promptThatOpensTheThoughtIsFollowed() async throws {
        let prompt = Prompt.text("<think>")
        let result = try await saying("so\n</think>no", after: prompt).answer(prompt, options(.jsonSchema(Self.schema)))
        #expect(result.reasoning == "so")
        try check(result.answer)
    }

    @Test func choiceAndPatternAreHeldToTheLetter() async throws {
        for seed in 0..<8 as Range<UInt64> {
            let generator = try generator(ScriptedDevice(vocabularySize: ByteTokenizer.vocabularySize))
            let choice = try await generator.answer(question, options(.choice(["yes", "no", "yes!", "ä"]), seed: seed))
            #expect(["yes", "no", "yes!", "ä"].contains(choice.answer) && choice.finishReason == .stop)
            let pattern = try await generator.answer(question, options(.pattern("^[a-c]{2,4}-\\d{1,3}$|x"), seed: seed))
            #expect(try #/[a-c]{2,4}-\d{1,3}|x/#.wholeMatch(in: pattern.answer) != nil, "\(pattern.answer)")
        }
        // Behind thinking, too, without a blank between.
        let thought = try saying("<think>so</think>\n\nI say yes", after: question)
        let result = try await thought.answer(question, options(.choice(["yes", "no"])))
        #expect(result.reasoning == "so" && ["yes", "no"].contains(result.answer))
        for format in [AnswerFormat.choice([]), .choice([""]), .pattern("(a"), .pattern("[^\\s\\S]")] {
            let error = await #expect(throws: TextGenerationError.self) {
                try await thought.answer(question, options(format))
            }
            #expect(error?.code == .invalidFormat)
        }
    }

    /// A model that would rather say something else than think does not think because that alone is left to it.
    @Test func thinkingIsOfferedToModelsThatWantIt() async throws {
        let formats = [
            AnswerFormat.jsonSchema(Self.schema), .choice(["yes"]), .pattern("[a-z]{3}"),
            .toolCalls([["type": "function", "function": ["name": "time"]]], isParallel: false),
        ]
        for format in formats {
            for seed in 0..<4 as Range<UInt64> {
                let result = try await saying("Sure", after: question).answer(question, options(format, seed: seed))
                #expect(result.reasoning.isEmpty && !result.text.contains("<think>"))
            }
            var on = options(format)
            (on.reasoning, on.sampling) = (
                .on, SamplingParameters(temperature: 0, logitBias: [ByteTokenizer.think: 99])
            )
            on.sampling.logitBias[Int(UInt8(ascii: "<"))] = 90
            on.maxNewTokens = 20
            #expect(try await saying("Sure", after: question).answer(question, on).text.hasPrefix("<think>"))
            var off = options(format)
            off.reasoning = .off
            let silent = try await saying("<think>so</think>", after: question).answer(question, off)
            #expect(silent.reasoning.isEmpty && !silent.text.contains("<think>"))
        }
        // Without a format thinking that begins all the same is ended at once.
        let off = GenerationOptions(sampling: .greedy, maxNewTokens: 40, reasoning: .off)
        let ended = try await saying("<think>\nso", after: question).answer(question, off)
        #expect(ended.text.hasPrefix("<think>") && ended.text.contains("</think>") && ended.reasoning.isEmpty)
    }

    @Test func chosenStopTokenEndsAnAnswerInAFormat() async throws {
        let schema: JSONValue = ["type": "array", "items": ["type": "integer"], "minItems": 3]
        var options = options(.jsonSchema(schema))
        options.stopTokenIDs = [Int(UInt8(ascii: ","))]
        options.sampling = SamplingParameters(temperature: 0, logitBias: [Int(UInt8(ascii: ",")): 99])
        let result = try await saying("[1", after: question).answer(question, options)
        #expect(result.finishReason == .stop && result.answer == "[1")
    }

    @Test func tagsInsideTheAnswerAreText() async throws {
        let format = AnswerFormat.jsonSchema([
            "type": "object", "properties": ["a": ["type": "string", "maxLength": 9]], "required": ["a"],
        ])
        let said = #"{"a":"</think>"}"#
        let generator = try saying(said, after: question)
        #expect(try await generator.answer(question, options(format)).answer == said)
    }

    @Test func toolIsCalledAsItsSchemaSays() async throws {
        let parameters: JSONValue = [
            "type": "object",
            "properties": ["city": ["$ref": "#/$defs/city"]],
            "required": ["city"],
            "$defs": ["city": ["enum": ["Oslo", "Rome"]]],
        ]
        let tools: [JSONValue] = [
            ["type": "function", "function": ["name": "weather", "parameters": parameters]],
            ["type": "function", "function": ["name": "time"]],
        ]
        var names: Set<String> = []
        for seed in 0..<8 as Range<UInt64> {
            let generator = try generator(ScriptedDevice(vocabularySize: ByteTokenizer.vocabularySize))
            var options = options(.toolCalls(tools, isParallel: false), seed: seed)
            options.splitsReasoning = false
            let answer = try await generator.answer(question, options).answer
            let text = answer.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(text.hasPrefix("<tool_call>\n") && text.hasSuffix("\n</tool_call>"))
            let call = try JSONValue(parsing: String(text.dropFirst(11).dropLast(12)))
            let name = try #require(call["name"]?.string)
            names.insert(name)
            if name == "weather" {
                #expect(["Oslo", "Rome"].contains(call["arguments"]?["city"]?.string))
            } else {
                #expect(name == "time" && call["arguments"]?.object?.count == 0)
            }
        }
        #expect(names.count == 2)
    }

    @Test func severalCallsAreHeldToTheirSchemas() async throws {
        let parameters: JSONValue = ["type": "object", "properties": ["n": ["enum": [1, 2]]], "required": ["n"]]
        let tools: [JSONValue] = [["type": "function", "function": ["name": "pick", "parameters": parameters]]]
        var counts: Set<Int> = []
        for seed in 0..<16 as Range<UInt64> {
            let generator = try generator(ScriptedDevice(vocabularySize: ByteTokenizer.vocabularySize))
            var options = options(.toolCalls(tools, isParallel: true), seed: seed)
            options.tools = CallableTools(names: ["pick"])
            options.splitsReasoning = false
            let result = try await generator.answer(question, options)
            #expect(result.finishReason == .stop && result.answer == "")
            counts.insert(result.toolCalls.count)
            for call in result.toolCalls {
                #expect(call.name == "pick" && call.isComplete)
                #expect([1, 2].contains(try JSONValue(parsing: call.arguments)["n"]?.int))
            }
        }
        #expect(counts.min() == 1 && counts.count > 1 && counts.max().map { $0 <= 16 } == true)
    }

    @Test func aFormatThatIsNoneIsRefused() async throws {
        let generator = try generator(ScriptedDevice(vocabularySize: ByteTokenizer.vocabularySize))
        var forever = options(.jsonObject)
        forever.ignoreEOS = true
        let tools: JSONValue = ["function": ["name": "f", "parameters": ["properties": ["a": ["not": [:]]]]]]
        let refused: [(GenerationOptions, TextGenerationError.Code, String)] = [
            (
                options(.jsonSchema(["properties": ["a": ["not": [:]]]])), .invalidFormat,
                "#/properties/a: the keyword 'not'"
            ),
            (options(.toolCalls([], isParallel: false)), .invalidTools, "there is none"),
            (options(.toolCalls([["function": [:]]], isParallel: false)), .invalidTools, "tool 0"),
            (options(.either(.jsonObject, .toolCalls([tools], isParallel: true))), .invalidTools, "'not'"),
            (forever, .invalidFormat, "ignoreEOS"),
        ]
        for (options, code, words) in refused {
            let error = await #expect(throws: TextGenerationError.self) {
                try await generator.answer(question, options)
            }
            #expect(error?.code == code && error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
    }

    @Test func answerIsInAFormatOrACall() async throws {
        let tools: [JSONValue] = [["type": "function", "function": ["name": "time"]]]
        var kinds: Set<Bool> = []
        for seed in 0..<16 as Range<UInt64> {
            let generator = try generator(ScriptedDevice(vocabularySize: ByteTokenizer.vocabularySize))
            var options = options(.either(.jsonSchema(Self.schema), .toolCalls(tools, isParallel: false)), seed: seed)
            options.tools = CallableTools(names: ["time"], isParallel: false)
            options.splitsReasoning = false
            let result = try await generator.answer(question, options)
            kinds.insert(result.toolCalls.isEmpty)
            if result.toolCalls.isEmpty {
                try check(result.answer)
            } else {
                #expect(result.toolCalls.map(\.name) == ["time"] && result.answer == "")
            }
        }
        #expect(kinds.count == 2)
        // Behind thinking either is as good.
        let format = AnswerFormat.either(.jsonSchema(Self.schema), .toolCalls(tools, isParallel: false))
        for said in ["<think>so</think>\n<tool_call>", "<think>so</think>{"] {
            let result = try await saying(said, after: question).answer(question, options(format))
            #expect(
                result.reasoning == "so"
                    && result.answer.hasPrefix(said.drop { $0 != "/" }.dropFirst(7).drop { $0 == "\n" })
            )
        }
    }

    @Test func grammarsAreKeptAndForgotten() throws {
        let formats = FormatCompiler(try ByteTokenizer.load())
        func grammar(_ number: Int) throws -> ObjectIdentifier {
            let format = AnswerFormat.jsonSchema(["type": "string", "maxLength": .int(number)])
            return ObjectIdentifier(try formats.prepare(format, .answer)[0].grammar)
        }
        let first = try grammar(0)
        #expect(try grammar(0) == first)
        for number in 1...100 { _ = try grammar(number) }
        #expect(formats.keptCount == 64)
        #expect(try grammar(100) == grammar(100))
    }

    /// What a request holds is found again, however many others came meanwhile.
    @Test func whatIsHeldIsCompiledOnce() throws {
        let formats = FormatCompiler(try ByteTokenizer.load())
        func prepared(_ number: Int) throws -> PreparedFormat {
            try formats.prepare(.jsonSchema(["type": "string", "maxLength": .int(number)]), .answer)[0]
        }
        let held = try prepared(0)
        for number in 1...200 { _ = try prepared(number) }
        #expect(try prepared(0) === held)
    }

    @Test func withoutMemoryAFormatIsRefusedForNow() throws {
        let ledger = MemoryLedger(byteCount: 8 << 20)
        let formats = FormatCompiler(try ByteTokenizer.load(), memory: ledger)
        var other = ledger.lease(9 << 19, for: .grammars)
        let format = AnswerFormat.jsonSchema(["enum": .array((0..<2000).map { .string("value \($0)") })])
        let error = #expect(throws: TextGenerationError.self) { try formats.prepare(format, .answer) }
        #expect(error?.code == .busy && ledger.drawn == other?.byteCount)
        other = nil
        var prepared: [PreparedFormat]? = try formats.prepare(format, .answer)
        #expect(prepared != nil && ledger.drawn > 0)
        // Kept, until somebody needs the memory.
        prepared = nil
        let all = try #require(ledger.lease(5 << 20, for: .grammars))
        #expect(ledger.drawn == all.byteCount && formats.keptCount == 0)
    }

    @Test func compilingEndsWhenNobodyWaits() throws {
        let ledger = MemoryLedger(byteCount: 64 << 20)
        let formats = FormatCompiler(try ByteTokenizer.load(), memory: ledger)
        let format = AnswerFormat.jsonSchema(["type": "string", "pattern": "a.{6}b"])
        let error = #expect(throws: TextGenerationError.self) { try formats.prepare(format, .answer) { true } }
        #expect(error?.code == .ended && ledger.drawn == 0)
        _ = try formats.prepare(format, .answer)
    }

    @Test func aRelaxedSchemaTellsWhatIsNotHeld() throws {
        let schema: JSONValue = [
            "type": "object",
            "properties": ["a": ["type": "array", "items": ["type": "integer"], "uniqueItems": true]],
            "required": ["a"], "not": [:],
        ]
        let formats = FormatCompiler(try ByteTokenizer.load())
        #expect(throws: TextGenerationError.self) { try formats.prepare(.jsonSchema(schema), .answer) }
        let relaxed = try formats.prepare(.jsonSchema(schema, isRelaxed: true), .answer)[0].relaxed
        #expect(relaxed == ["not at #", "uniqueItems at #/properties/a"])
        func tool(_ strict: JSONValue?) -> JSONValue {
            var function = JSONObject()
            function["name"] = "f"
            function["parameters"] = schema
            function["strict"] = strict
            return ["type": "function", "function": .object(function)]
        }
        for strict in [nil, true] as [JSONValue?] {
            #expect(throws: TextGenerationError.self) {
                try formats.prepare(.toolCalls([tool(strict)], isParallel: false), .answer)
            }
        }
        #expect(try formats.prepare(.toolCalls([tool(false)], isParallel: false), .answer)[0].relaxed.count == 2)
    }
}
