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
        isReasoning: true
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
        isReasoning: false
    )

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
