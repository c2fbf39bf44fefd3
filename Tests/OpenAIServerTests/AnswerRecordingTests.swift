import Foundation
import InferenceEngine
import KongurTesting
import Testing

@testable import OpenAIServer
@testable import TextGeneration

struct AnswerRecordingTests {
    private static func result(_ reason: FinishReason = .stop) -> GenerationResult {
        let usage = TokenUsage(promptTokens: 5, cachedTokens: 2, completionTokens: 300, reasoningTokens: 7)
        let start = ContinuousClock.now
        let timings = RequestTimings(
            submitted: start,
            scheduled: start + .milliseconds(3),
            firstToken: start + .milliseconds(8),
            finished: start + .seconds(2)
        )
        return GenerationResult(
            text: "<think>é</think>\0\u{1F600}",
            reasoning: "é",
            answer: "\0\u{1F600}",
            toolCalls: [ToolCall(name: "add", arguments: "{\"a\": 1}", isComplete: false)],
            tokenIDs: [0, 1, 151_935],
            finishReason: reason,
            stopString: reason == .stop ? "\n\n" : nil,
            usage: usage,
            timings: GenerationTimings(timings, usage),
            promptIsMostlyChinese: true
        )
    }

    private static let token = TokenTextLogprobs(
        drawn: TokenTextLogprobs.Entry(id: 7, bytes: [0xF0, 0x9F], logprob: -0.1),
        top: [TokenTextLogprobs.Entry(id: 7, bytes: [], logprob: -1e-30)],
        isReasoning: true,
        offset: 3
    )

    private static let events: [RunEvent] = [
        .prefilled(cachedTokens: 1_000_000),
        .answer(choice: 0, .reasoning("é")),
        .tick,
        .answer(choice: 1, .answer("")),
        .answer(choice: 1, .toolCall(index: 300, name: "add")),
        .answer(choice: 1, .toolArguments(index: 300, "{\"a")),
        .answer(choice: 1, .logprobs(token)),
        .answer(choice: 1, .finished(result(.length))),
        .answer(choice: 0, .answer(String(repeating: "x", count: 1000))),
        .answer(choice: 0, .finished(result())),
    ]

    private func recorded(_ events: [RunEvent], choices: Int = 2, limit: Int = 1 << 20) -> [UInt8]? {
        var recording = AnswerRecording(choices: choices, limit: limit)
        for event in events { recording.append(event) }
        return recording.bytes
    }

    @Test func tellsWhatHappened() throws {
        let bytes = try #require(recorded(Self.events))
        let again = try #require(AnswerRecording.events(bytes, choices: 2))
        let expected = Self.events.filter { if case .tick = $0 { false } else { true } }
        #expect(again.map { "\($0)" } == expected.map { "\($0)" })
    }

    @Test func onlyWholeAnswersAreKept() {
        #expect(recorded(Array(Self.events.dropLast())) == nil)
        #expect(recorded([.answer(choice: 0, .finished(Self.result(.cancelled)))], choices: 1) == nil)
        #expect(recorded(Self.events, limit: 1000) == nil)
        #expect(recorded([.answer(choice: 0, .logprobs(Self.nowhere)), Self.events[9]], choices: 1) == nil)
    }

    private static let nowhere = TokenTextLogprobs(
        drawn: TokenTextLogprobs.Entry(id: 7, bytes: [], logprob: -.infinity),
        top: [],
        isReasoning: false,
        offset: 0
    )

    /// Whoever may write to a shared store may write any number: nothing is counted with that cannot be.
    @Test(arguments: [
        "promptTokens", "cachedTokens", "completionTokens", "reasoningTokens", "draftTokens", "acceptedTokens",
        "promptTokensPerSecond", "tokensPerSecond",
    ])
    func numbersThatCannotBeAreNone(name: String) throws {
        let bytes = try #require(recorded([Self.events[7], Self.events[9]]))
        // Another number that can be is told as well.
        let other = ["promptTokens": "6", "completionTokens": "301", "acceptedTokens": "0"][name] ?? "1"
        #expect(AnswerRecording.events(edited(bytes, name, other), choices: 2) != nil)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("\"\(name)\":"))
        for value in ["9223372036854775807", "-9223372036854775808", "-5", "4294967296", "1e300", "null", "\"5\""] {
            // Rates are no whole numbers, and need not be there.
            if name.hasSuffix("PerSecond"), value.first != "-", value.first != "\"" { continue }
            #expect(AnswerRecording.events(edited(bytes, name, value), choices: 2) == nil, "\(name): \(value)")
        }
    }

    /// The recording with another number in the JSON of every record, and the lengths that belong to it.
    private func edited(_ bytes: [UInt8], _ name: String, _ value: String) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        let mark = Array("{\"".utf8)
        while let begin = rest.indices.first(where: { rest[$0...].starts(with: mark) }) {
            // A document begins behind its length, of which each byte but the last has its highest bit set.
            var depth = 0
            var end = begin
            repeat {
                if rest[end] == UInt8(ascii: "{") { depth += 1 }
                if rest[end] == UInt8(ascii: "}") { depth -= 1 }
                end += 1
            } while depth > 0
            let document = String(decoding: rest[begin..<end], as: UTF8.self)
            let pattern = "\"\(name)\":-?[0-9.e+]+"
            let changed = document.replacingOccurrences(
                of: pattern,
                with: "\"\(name)\":\(value)",
                options: .regularExpression
            )
            var start = begin - 1
            while start > rest.startIndex, rest[start - 1] & 0x80 != 0 { start -= 1 }
            guard changed != document else {
                result += rest[..<end]
                rest = rest[end...]
                continue
            }
            result += rest[..<start]
            var count = changed.utf8.count
            while count >= 0x80 {
                result.append(UInt8(count & 0x7F) | 0x80)
                count >>= 7
            }
            result.append(UInt8(count))
            result += Array(changed.utf8)
            rest = rest[end...]
        }
        return result + rest
    }

    @Test func manyPrefilledPromptsDoNotOverflow() throws {
        let bytes = try #require(recorded(Self.events))
        let most: [UInt8] = [0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
        let large: [UInt8] = [0, 0xFF, 0xFF, 0xFF, 0xFF, 0x07]
        for record in [most, large] {
            let many = bytes[..<1] + Array(repeatElement(record, count: 300).joined()) + bytes[1...]
            #expect(AnswerRecording.events(Array(many), choices: 2) == nil)
        }
        // An answer that ends twice is none either.
        let twice = bytes + (try #require(recorded([Self.events[9]], choices: 1))).dropFirst()
        #expect(AnswerRecording.events(twice, choices: 2) == nil)
    }

    /// A file may be of another version or another program's: nothing of it may be told, and nothing may trap.
    @Test func whatIsNoRecordingIsNone() async throws {
        let bytes = try #require(recorded(Self.events))
        for count in 0..<bytes.count {
            if count % 64 == 0 { await Task.yield() }
            #expect(AnswerRecording.events(Array(bytes.prefix(count)), choices: 2) == nil)
        }
        #expect(AnswerRecording.events(bytes, choices: 1) == nil)
        #expect(AnswerRecording.events(bytes, choices: 3) == nil)
        #expect(AnswerRecording.events([bytes[0] + 1] + bytes.dropFirst(), choices: 2) == nil)
        var random = SeededGenerator(1)
        for round in 0..<5000 {
            if round % 64 == 0 { await Task.yield() }
            var damaged = bytes
            for _ in 0..<3 { damaged[random.next(below: damaged.count)] = UInt8.random(in: 0...255, using: &random) }
            _ = AnswerRecording.events(damaged, choices: 2)
        }
    }
}
