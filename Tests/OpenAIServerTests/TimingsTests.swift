import Foundation
import KongurTesting
import Testing

/// What responses say of the time that their answers took.
@Suite struct TimingsTests {
    private let question: [String: Any] = [
        "model": "pebble", "messages": [["role": "user", "content": "What is 47 + 385?"]], "temperature": 0,
    ]

    private func number(_ timings: [String: Any], _ name: String) -> Double { timings[name] as? Double ?? .nan }

    @Test(arguments: [false, true]) func areTheEnginesOwn(stream: Bool) async throws {
        let server = try await RunningServer()
        var body = question
        if stream { body.merge(["stream": true, "stream_options": ["include_usage": true]]) { $1 } }
        let reply = try await server.post("/v1/chat/completions", body)
        let object = try #require(stream ? reply.events.last : reply.json)
        let timings = try #require(object["timings"] as? [String: Any], "\(reply.text)")
        let usage = try #require(object["usage"] as? [String: Any])
        #expect(timings["predicted_n"] as? Int == usage["completion_tokens"] as? Int)
        #expect(timings["prompt_n"] as? Int == usage["prompt_tokens"] as? Int)
        #expect(timings["cache_n"] as? Int == 0)
        for part in ["prompt", "predicted"] {
            #expect(number(timings, "\(part)_ms") > 0 && number(timings, "\(part)_per_second") > 0, "\(timings)")
        }
        // The first token's time is the prompt's.
        let spent = number(timings, "predicted_ms") * number(timings, "predicted_per_second") / 1000
        #expect(abs(spent - number(timings, "predicted_n") + 1) < 0.01, "\(timings)")
        // Only where the cost is told.
        if stream { #expect(reply.events.dropLast().allSatisfy { $0["timings"] == nil }) }
    }

    @Test func areNotThoseOfAnotherRequest() async throws {
        let server = try await RunningServer(cache: "memory")
        let first = try await server.post("/v1/chat/completions", question)
        #expect(first.json["timings"] != nil)
        var reply = first
        // A machine that is busy may once take too long to look.
        for _ in 0..<10 where reply.headers["x-kongur-cache"] != "hit" {
            reply = try await server.post("/v1/chat/completions", question)
        }
        #expect(reply.headers["x-kongur-cache"] == "hit" && reply.json["timings"] == nil, "\(reply.text)")
        #expect(reply.json["usage"] != nil)
    }
}
