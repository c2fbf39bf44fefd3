import Foundation
import HTTPTypes
import InferenceEngine
import Testing
import Tokenizers

@testable import OpenAIServer
@testable import TextGeneration

/// Responses from answers that no model here gives.
struct ResponsesFormatTests {
    private let usage = Usage(
        promptTokens: 7,
        cachedTokens: 2,
        answers: [TokenUsage(promptTokens: 7, completionTokens: 5, reasoningTokens: 1)]
    )

    private func format(includeReasoning: Bool = true) -> ResponsesFormat {
        let identity = ResponseIdentity(id: "resp_1", created: 1, model: "m", fingerprint: "f")
        return ResponsesFormat(identity, repeating: JSONObject(), includeReasoning: includeReasoning)
    }

    private func result(_ finishReason: FinishReason = .stop) -> GenerationResult {
        let (cost, now) = (TokenUsage(promptTokens: 7, completionTokens: 5), ContinuousClock.now)
        return GenerationResult(
            text: "",
            reasoning: "why",
            answer: "a b",
            toolCalls: [ToolCall(name: "f", arguments: "{}"), ToolCall(name: "g", arguments: "{\"x\": 1}")],
            tokenIDs: [],
            finishReason: finishReason,
            usage: cost,
            timings: GenerationTimings(RequestTimings(submitted: now, finished: now), cost),
            promptIsMostlyChinese: false
        )
    }

    private func json(_ event: ServerSentEvent) throws -> JSONValue {
        let value = try JSONValue(parsing: Array(event.data), name: "event")
        #expect(value["type"]?.string == event.name)
        return value
    }

    /// An item without what is drawn at random.
    private func plain(_ item: JSONValue) -> JSONValue {
        var item = item.object ?? JSONObject()
        item["id"] = nil
        item["call_id"] = nil
        return .object(item)
    }

    @Test func itemsFollowEachOther() throws {
        var format = format()
        var events = try format.opening(choices: 1)
        for piece in [
            AnswerPiece(choice: 0, reasoning: "wh"), AnswerPiece(choice: 0, reasoning: "y", text: "a"),
            AnswerPiece(choice: 0, text: " b"), AnswerPiece(choice: 0, calls: [ToolCallPiece(index: 0, name: "f")]),
            AnswerPiece(
                choice: 0,
                calls: [ToolCallPiece(index: 0, arguments: "{}"), ToolCallPiece(index: 1, name: "g")]
            ),
            AnswerPiece(choice: 0, calls: [ToolCallPiece(index: 1, arguments: "{\"x\"")]),
            AnswerPiece(choice: 0, calls: [ToolCallPiece(index: 1, arguments: ": 1}")]),
            AnswerPiece(choice: 0, result: result()),
        ] {
            events += try format.events(piece)
        }
        events += try format.closing(usage)
        let all = try events.map(json)
        #expect(all.map { $0["sequence_number"]?.int } == Array(0..<all.count))
        let kinds = all.compactMap { $0["type"]?.string?.dropFirst("response.".count) }
        #expect(
            kinds == [
                "created", "in_progress",
                "output_item.added", "content_part.added", "reasoning_text.delta", "reasoning_text.delta",
                "reasoning_text.done", "content_part.done", "output_item.done",
                "output_item.added", "content_part.added", "output_text.delta", "output_text.delta",
                "output_text.done", "content_part.done", "output_item.done",
                "output_item.added", "function_call_arguments.delta", "function_call_arguments.done",
                "output_item.done",
                "output_item.added", "function_call_arguments.delta", "function_call_arguments.delta",
                "function_call_arguments.done", "output_item.done",
                "completed",
            ]
        )
        let places = all.compactMap { $0["output_index"]?.int }
        #expect(places == [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3])
        let done = all.filter { $0["type"] == "response.output_item.done" }.compactMap { $0["item"] }
        let last = try #require(all.last?["response"])
        #expect(last["output"] == .array(done) && last["status"] == "completed")
        #expect(last["usage"]?["input_tokens_details"]?["cached_tokens"] == 2)
        // A whole response has the same items.
        let answer = Answer(choice: 0, result: result())
        let whole = try JSONValue(parsing: Array(self.format().response([answer], usage)), name: "response")
        #expect(whole["output"]?.array?.map(plain) == done.map(plain))
        #expect(whole["usage"] == last["usage"])
    }

    @Test func textGoesOnBehindACall() throws {
        var format = format(includeReasoning: false)
        _ = try format.events(AnswerPiece(choice: 0, reasoning: "why", text: "a"))
        _ = try format.events(AnswerPiece(choice: 0, calls: [ToolCallPiece(index: 0, name: "f", arguments: "{}")]))
        _ = try format.events(AnswerPiece(choice: 0, text: "b"))
        _ = try format.events(AnswerPiece(choice: 0, result: result(.length)))
        let last = try json(try #require(try format.closing(usage).last))
        #expect(last["type"] == "response.incomplete")
        #expect(last["response"]?["incomplete_details"] == ["reason": "max_output_tokens"])
        let items = try #require(last["response"]?["output"]?.array)
        #expect(items.map { $0["type"] } == ["message", "function_call", "message"])
        #expect(items.map { $0["status"] } == ["completed", "completed", "incomplete"])
    }

    @Test func failureEndsWhatHasBegun() throws {
        var format = format()
        _ = try format.opening(choices: 1)
        _ = try format.events(AnswerPiece(choice: 0, text: "half"))
        let events = try format.failure(.timedOut).map(json)
        #expect(events.map { $0["type"] }.suffix(2) == ["response.output_item.done", "response.failed"])
        let response = try #require(events.last?["response"])
        #expect(response["status"] == "failed" && response["error"]?["code"] == "server_error")
        #expect(response["output"]?.array?.map { $0["status"] } == ["incomplete"])
    }
}
