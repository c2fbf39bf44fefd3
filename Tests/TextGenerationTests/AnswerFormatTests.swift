import DeviceRuntime
import Foundation
import Grammars
import InferenceEngine
import KongurTesting
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
            return ObjectIdentifier(try formats.constraint(format, .answer, stopTokenIDs: [1]).matcher.grammar)
        }
        let first = try grammar(0)
        #expect(try grammar(0) == first)
        for number in 1...100 { _ = try grammar(number) }
        #expect(formats.keptCount == 64)
        #expect(try grammar(100) == grammar(100))
    }
}
