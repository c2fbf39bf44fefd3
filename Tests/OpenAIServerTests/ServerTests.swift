import Foundation
import KongurTesting
import Testing

/// The real server over real sockets.
@Suite(.serialized) struct ServerTests {
    private let question: [String: Any] = [
        "model": "pebble", "messages": [["role": "user", "content": "What is 47 + 385?"]], "temperature": 0,
    ]

    private func question(_ more: [String: Any]) -> [String: Any] { question.merging(more) { $1 } }

    /// A text that goes on for long.
    private func long(_ more: [String: Any] = [:]) -> [String: Any] {
        let base: [String: Any] = [
            "model": "pebble", "prompt": "1+1=", "ignore_eos": true, "max_tokens": 900, "temperature": 1, "seed": 1,
        ]
        return base.merging(more) { $1 }
    }

    @Test func answersAndStreamsTheSame() async throws {
        let server = try await RunningServer()
        let whole = try await server.post("/v1/chat/completions", question, ["X-Request-Id": "abc-1"])
        #expect(whole.status == 200)
        #expect(whole.headers["x-request-id"] == "abc-1")
        let choice = try #require((whole.json["choices"] as? [[String: Any]])?.first)
        let message = try #require(choice["message"] as? [String: Any])
        #expect(message["content"] as? String == "The answer is \\boxed{432}.")
        #expect(message["reasoning_content"] as? String == message["reasoning"] as? String)
        #expect((message["reasoning"] as? String)?.contains("carry") == true)
        #expect(choice["finish_reason"] as? String == "stop")
        let usage = try #require(whole.json["usage"] as? [String: Any])

        let body = question(["stream": true, "stream_options": ["include_usage": true]])
        let streamed = try await server.post("/v1/chat/completions", body)
        #expect(streamed.headers["content-type"]?.hasPrefix("text/event-stream") == true)
        #expect(streamed.text.hasSuffix("data: [DONE]\n\n"))
        let events = streamed.events
        let deltas = events.dropLast().compactMap {
            (($0["choices"] as? [[String: Any]])?.first)?["delta"] as? [String: Any]
        }
        #expect(deltas.first?["role"] as? String == "assistant")
        #expect(deltas.compactMap { $0["content"] as? String }.joined() == message["content"] as? String)
        #expect(deltas.compactMap { $0["reasoning_content"] as? String }.joined() == message["reasoning"] as? String)
        let reasons = events.compactMap { ($0["choices"] as? [[String: Any]])?.first?["finish_reason"] as? String }
        #expect(reasons == ["stop"])
        #expect(events.dropLast().allSatisfy { $0["usage"] is NSNull })
        let last = try #require(events.last?["usage"] as? [String: Any])
        #expect(last["completion_tokens"] as? Int == usage["completion_tokens"] as? Int)
        // The prompt was asked before, so nearly all of it is in the cache.
        #expect((last["prompt_tokens_details"] as? [String: Any])?["cached_tokens"] as? Int ?? 0 > 0)
        #expect((last["completion_tokens_details"] as? [String: Any])?["reasoning_tokens"] as? Int ?? 0 > 10)
    }

    @Test func samplesSeveralAnswersFromOnePrompt() async throws {
        let server = try await RunningServer()
        let prompt = String(repeating: "1+1=2 ", count: 20)
        let body = long(["n": 4, "temperature": 1.5, "seed": 7, "max_tokens": 40, "prompt": prompt])
        func texts(_ reply: Reply) -> [String] {
            (reply.json["choices"] as? [[String: Any]] ?? []).compactMap { $0["text"] as? String }
        }
        let first = try await server.post("/v1/completions", body)
        #expect(texts(first).count == 4)
        #expect(Set(texts(first)).count > 1)
        // They share the computation of the prompt, and its cost is told once.
        let usage = try #require(first.json["usage"] as? [String: Any])
        let status = try await server.get("/admin/status").json
        let asked = try #require(usage["prompt_tokens"] as? Int)
        #expect(status["prompt_tokens"] as? Int == 5 * asked)
        #expect(status["cached_prompt_tokens"] as? Int ?? 0 > 4 * (asked - 32))
        #expect((usage["prompt_tokens_details"] as? [String: Any])?["cached_tokens"] as? Int == 0)
        #expect(usage["completion_tokens"] as? Int == 160)
        #expect(texts(try await server.post("/v1/completions", body)) == texts(first))
        // The first of several is the one that the seed gives alone.
        let alone = try await server.post("/v1/completions", body.merging(["n": 1]) { $1 })
        #expect(texts(alone) == Array(texts(first).prefix(1)))
    }

    /// A model that knows no JSON gives it all the same, whole and streamed, for every seed.
    @Test func answersInTheFormThatIsAskedFor() async throws {
        let server = try await RunningServer()
        // As text: answers follow the order of properties, and a dictionary has none.
        let schema = """
            {"type": "object", "properties": {"sum": {"type": "integer", "minimum": 0}, "kind": {"enum": ["even", "odd"]}},
            "required": ["sum", "kind"], "additionalProperties": false}
            """
        func body(seed: Int, stream: Bool) -> Data {
            let text = """
                {"model": "pebble", "messages": [{"role": "user", "content": "What is 47 + 385?"}], "temperature": 1,
                "seed": \(seed), "stream": \(stream), "response_format": {"type": "json_schema",
                "json_schema": {"name": "sum", "strict": true, "schema": \(schema)}}}
                """
            return Data(text.utf8)
        }
        for seed in 0..<4 {
            let whole = try await server.post("/v1/chat/completions", body(seed: seed, stream: false))
            #expect(whole.status == 200, "\(whole.text)")
            let choice = try #require((whole.json["choices"] as? [[String: Any]])?.first)
            let content = try #require((choice["message"] as? [String: Any])?["content"] as? String)
            let object = try #require(JSONSerialization.jsonObject(with: Data(content.utf8)) as? [String: Any])
            #expect(object["sum"] is Int && ["even", "odd"].contains(object["kind"] as? String ?? ""))
            #expect(choice["finish_reason"] as? String == "stop")
            let streamed = try await server.post("/v1/chat/completions", body(seed: seed, stream: true))
            let deltas = streamed.events.compactMap {
                (($0["choices"] as? [[String: Any]])?.first)?["delta"] as? [String: Any]
            }
            #expect(deltas.compactMap { $0["content"] as? String }.joined() == content)
        }
    }

    /// A format that nobody knows is a string, and what cannot be held is refused, or told where the request allows that.
    @Test func aRelaxedAnswerSaysWhatItIsNotHeldTo() async throws {
        let server = try await RunningServer()
        let schema: [String: Any] = [
            "type": "object",
            "properties": [
                "url": ["type": "string", "format": "uri-template", "maxLength": 8],
                "tags": ["type": "array", "items": ["type": "string"], "uniqueItems": true, "maxItems": 2],
            ],
            "required": ["url"], "additionalProperties": false,
        ]
        func reply(_ strict: Bool?) async throws -> Reply {
            var named: [String: Any] = ["name": "a", "schema": schema]
            named["strict"] = strict
            let format: [String: Any] = ["type": "json_schema", "json_schema": named]
            return try await server.post("/v1/chat/completions", question(["response_format": format]))
        }
        for strict in [nil, true] as [Bool?] {
            let refused = try await reply(strict)
            #expect(refused.status == 400 && refused.text.contains("'uniqueItems'"), "\(refused.text)")
        }
        let relaxed = try await reply(false)
        #expect(relaxed.status == 200, "\(relaxed.text)")
        #expect(relaxed.headers["x-kongur-relaxed"] == "uniqueItems at #/properties/tags")
        let choice = try #require((relaxed.json["choices"] as? [[String: Any]])?.first)
        let content = try #require((choice["message"] as? [String: Any])?["content"] as? String)
        let object = try #require(JSONSerialization.jsonObject(with: Data(content.utf8)) as? [String: Any])
        #expect(object["url"] is String)
    }

    /// Pebble thinks for about 60 tokens here.
    @Test func thinkingIsHeldToItsBudget() async throws {
        let server = try await RunningServer()
        func answer(_ more: [String: Any]) async throws -> (message: [String: Any], usage: [String: Any]) {
            let reply = try await server.post("/v1/chat/completions", question(more))
            #expect(reply.status == 200, "\(reply.text)")
            let choice = try #require((reply.json["choices"] as? [[String: Any]])?.first)
            #expect(choice["finish_reason"] as? String == "stop")
            let message = try #require(choice["message"] as? [String: Any])
            return (message, try #require(reply.json["usage"] as? [String: Any]))
        }
        let free = try await answer([:])
        let thought = try #require(free.message["reasoning"] as? String)
        for (more, most) in [
            (["thinking_token_budget": 20], 20), (["reasoning_effort": "none"], 0), (["max_tokens": 50], 31),
        ] as [([String: Any], Int)] {
            let more = more["max_tokens"] == nil ? more : more.merging(["reasoning_effort": "high"]) { $1 }
            let short = try await answer(more)
            let reasoning = short.message["reasoning"] as? String ?? ""
            #expect(thought.hasPrefix(reasoning) && reasoning.utf8.count < thought.utf8.count)
            let content = try #require(short.message["content"] as? String)
            #expect(content.contains("boxed") && !content.contains("think>"))
            // The tags are five tokens or six, beside what is between them.
            let counted = (short.usage["completion_tokens_details"] as? [String: Any])?["reasoning_tokens"] as? Int ?? 0
            #expect((most + 4...most + 6).contains(counted))
            let streamed = try await server.post(
                "/v1/chat/completions",
                question(more.merging(["stream": true]) { $1 })
            )
            let deltas = streamed.events.compactMap {
                (($0["choices"] as? [[String: Any]])?.first)?["delta"] as? [String: Any]
            }
            #expect(deltas.compactMap { $0["reasoning"] as? String }.joined() == reasoning)
            #expect(deltas.compactMap { $0["content"] as? String }.joined() == content)
        }
        // More than it needs changes nothing.
        #expect(
            try await answer(["reasoning_effort": "medium"]).message["content"] as? String == free.message["content"]
                as? String
        )
        let refused = try await server.post("/v1/chat/completions", question(["reasoning_effort": "xl"]))
        #expect(refused.status == 400 && refused.error["param"] as? String == "reasoning_effort")
    }

    @Test func completesTexts() async throws {
        let server = try await RunningServer()
        let prompts = ["prompt": ["1+1=", "2+2="], "n": 2, "max_tokens": 8, "logprobs": 2] as [String: Any]
        let reply = try await server.post("/v1/completions", long(prompts))
        let choices = reply.json["choices"] as? [[String: Any]] ?? []
        #expect(choices.compactMap { $0["index"] as? Int } == [0, 1, 2, 3])
        for choice in choices {
            #expect(choice["finish_reason"] as? String == "length")
            let logprobs = try #require(choice["logprobs"] as? [String: Any])
            #expect((logprobs["tokens"] as? [String])?.joined() == choice["text"] as? String)
            #expect((logprobs["top_logprobs"] as? [[String: Any]])?.count == 8)
        }
        let drawn = try await server.post("/v1/completions", long(["max_tokens": 4, "logprobs": 0]))
        let first = try #require((drawn.json["choices"] as? [[String: Any]])?.first?["logprobs"] as? [String: Any])
        let top = first["top_logprobs"] as? [[String: Any]]
        #expect(top?.map { Array($0.keys) } == (first["tokens"] as? [String])?.map { [$0] })
        let tokens = try await server.post("/tokenize", ["model": "pebble", "prompt": "1+1="]).json["tokens"]
        let ids = try #require(tokens as? [Int])
        let text = try await server.post("/detokenize", ["tokens": ids]).json["prompt"] as? String
        #expect(text == "1+1=")
        let byText = try await server.post("/v1/completions", long(["max_tokens": 20]))
        let byTokens = try await server.post("/v1/completions", long(["max_tokens": 20, "prompt": ids]))
        let answer = { (reply: Reply) in (reply.json["choices"] as? [[String: Any]])?.first?["text"] as? String }
        #expect(answer(byText) == answer(byTokens))
        #expect(answer(byText)?.isEmpty == false)
    }

    @Test func stopsAtStopStrings() async throws {
        let server = try await RunningServer()
        let reply = try await server.post("/v1/chat/completions", question(["stop": ["\\boxed"]]))
        let choice = try #require((reply.json["choices"] as? [[String: Any]])?.first)
        #expect((choice["message"] as? [String: Any])?["content"] as? String == "The answer is ")
        #expect(choice["finish_reason"] as? String == "stop")
    }

    @Test func tellsLogprobs() async throws {
        let server = try await RunningServer()
        let body = question(["logprobs": true, "top_logprobs": 3, "max_tokens": 12])
        let reply = try await server.post("/v1/chat/completions", body)
        let choice = try #require((reply.json["choices"] as? [[String: Any]])?.first)
        let content = try #require((choice["logprobs"] as? [String: Any])?["content"] as? [[String: Any]])
        #expect(content.count == 12)
        for token in content {
            let top = try #require(token["top_logprobs"] as? [[String: Any]])
            #expect(top.count == 3)
            // Greedy draws the most probable one.
            #expect(top[0]["token"] as? String == token["token"] as? String)
        }
        let streamed = try await server.post("/v1/chat/completions", body.merging(["stream": true]) { $1 })
        let tokens = streamed.events.flatMap { event -> [String] in
            let choice = (event["choices"] as? [[String: Any]])?.first
            let content = (choice?["logprobs"] as? [String: Any])?["content"] as? [[String: Any]]
            return content?.compactMap { $0["token"] as? String } ?? []
        }
        #expect(tokens == content.compactMap { $0["token"] as? String })
    }

    @Test func refusesWhatIsWrongAndNamesIt() async throws {
        let server = try await RunningServer()
        func check(_ more: [String: Any], _ param: String, status: Int = 400) async throws {
            let reply = try await server.post("/v1/chat/completions", question(more))
            #expect(reply.status == status, "\(more)")
            #expect(reply.error["param"] as? String == param, "\(more)")
            #expect((reply.error["message"] as? String)?.isEmpty == false)
        }
        try await check(["temperature": -1], "temperature")
        try await check(["temperature": 1e300], "temperature")
        try await check(["top_p": "0.5"], "top_p")
        try await check(["n": 0], "n")
        try await check(["n": 1_000_000], "n")
        try await check(["max_tokens": -5], "max_tokens")
        try await check(["logit_bias": ["99999999": 1]], "logit_bias")
        try await check(["logit_bias": ["1": 101]], "logit_bias")
        try await check(["messages": []], "messages")
        try await check(["messages": [["role": "wizard", "content": "x"]]], "messages[0].role")
        try await check(
            ["messages": [["role": "user", "content": [["type": "image_url"]]]]],
            "messages[0].content[0].type"
        )
        try await check(["stop": ["", "x"]], "stop")
        try await check(["stream_options": ["include_usage": true]], "stream_options")
        let schema: [String: Any] = ["type": "object", "properties": ["a": ["type": "string", "not": ["const": "x"]]]]
        try await check(
            ["response_format": ["type": "json_schema", "json_schema": ["name": "a", "schema": schema]]],
            "response_format"
        )
        try await check(["model": "gpt-4"], "model", status: 404)
        let words = String(repeating: "word ", count: 3000)
        try await check(["messages": [["role": "user", "content": words]]], "messages")
        for text in ["", "{", "[]", "{\"model\": NaN}", String(repeating: "[", count: 100_000)] {
            #expect(try await server.post("/v1/chat/completions", Data(text.utf8)).status == 400)
        }
        let nan = "{\"model\":\"pebble\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":NaN}"
        #expect(
            try await server.post("/v1/chat/completions", Data(nan.utf8)).error["param"] as? String == "temperature"
        )
        let huge = Data(repeating: 0x20, count: 3 << 20)
        #expect(try await server.post("/v1/chat/completions", huge).status == 413)
        #expect(try await server.get("/v1/nothing").status == 404)
        #expect(try await server.get("/v1/models/nothing").status == 404)
        #expect(try await server.get("/v1/models/pebble").json["id"] as? String == "pebble")
        // Unknown fields are no error.
        #expect(try await server.post("/v1/chat/completions", question(["max_tokens": 1, "shiny": [1]])).status == 200)
    }

    @Test func seededAnswersDoNotDependOnTheCompany() async throws {
        let server = try await RunningServer()
        let body = long(["max_tokens": 120])
        let text = { (reply: Reply) in (reply.json["choices"] as? [[String: Any]])?.first?["text"] as? String }
        let alone = text(try await server.post("/v1/completions", body))
        let others = (1...15).map {
            long(["max_tokens": 120, "seed": 100 + $0, "prompt": "\($0)*3=", "stream": false])
        }
        let data = try ([body] + others).map { try JSONSerialization.data(withJSONObject: $0) }
        let together = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
            for (index, body) in data.enumerated() {
                group.addTask {
                    let reply = try await server.post("/v1/completions", body)
                    return (index, (reply.json["choices"] as? [[String: Any]])?.first?["text"] as? String)
                }
            }
            return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
        }
        #expect(together.count == 16)
        #expect(together[0] == alone)
        #expect(alone?.isEmpty == false)
    }

    @Test func logsCannotBeForged() async throws {
        let server = try await RunningServer()
        let secret = "a prompt that nobody should read"
        _ = try await server.get("/x\"status=200", ["X-Request-Id": "a b"])
        _ = try await server.post("/v1/completions", long(["prompt": secret, "max_tokens": 1]))
        _ = try await server.post("/v1/completions", long(["prompt": secret, "model": secret]))
        let lines = server.log.split(separator: "\n").filter { $0.contains(" request ") }
        #expect(lines.count == 3)
        #expect(!server.log.contains("nobody"))
        #expect(lines.first?.contains(#" path="/x\"status=200" "#) == true)
        #expect(lines.first?.contains(" request_id=req-") == true)
    }

    @Test func pageOfAStrangerMayNotAsk() async throws {
        let server = try await RunningServer("--cors-origin", "https://friend.example")
        let get = { (headers: [String: String]) in try await server.get("/v1/models", headers) }
        #expect(try await get(["Host": "evil.example"]).status == 421)
        #expect(try await get(["Origin": "https://evil.example"]).status == 403)
        let friend = try await get(["Origin": "https://friend.example"])
        #expect(friend.status == 200)
        #expect(friend.headers["access-control-allow-origin"] == "https://friend.example")
        let preflight = try await server.request(
            "OPTIONS",
            "/v1/chat/completions",
            ["Origin": "https://friend.example", "Access-Control-Request-Method": "POST"],
            body: nil
        )
        #expect(preflight.status == 204)
    }

    @Test func keysOpenWhatTheyShould() async throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/keys"
        let program = KongurProgram()
        let user = try program.run("keys", "add", file, "ann").output.trimmingCharacters(in: .newlines)
        let admin = try program.run("keys", "add", file, "root", "--admin").output.trimmingCharacters(in: .newlines)
        #expect(!String(decoding: try Data(contentsOf: URL(fileURLWithPath: file)), as: UTF8.self).contains(user))
        let server = try await RunningServer("--keys-file", file)
        let get = { (path: String, key: String?) in
            try await server.get(path, key.map { ["Authorization": "Bearer \($0)"] } ?? [:]).status
        }
        for path in ["/v1/models", "/version", "/tokenize", "/admin/status", "/metrics", "/nothing", "/docs"] {
            #expect(try await get(path, nil) == 401, "\(path)")
            #expect(try await get(path, "wrong") == 401, "\(path)")
        }
        #expect(try await get("/health/live", nil) == 200)
        #expect(try await get("/v1/models", user) == 200)
        #expect(try await get("/admin/status", user) == 403)
        for path in ["//admin/status", "/admin/status/", "/admin//status"] {
            #expect(try await get(path, user) != 200, "\(path)")
        }
        #expect(try await get("/admin/status", admin) == 200)
        let urgent = try await server.post(
            "/v1/chat/completions",
            question(["priority": 1]),
            ["Authorization": "Bearer \(user)"]
        )
        #expect(urgent.error["param"] as? String == "priority")
        // What one has asked, another does not find in the cache.
        func cached(_ key: String) async throws -> Int? {
            let reply = try await server.post("/v1/chat/completions", question, ["Authorization": "Bearer \(key)"])
            let usage = reply.json["usage"] as? [String: Any]
            return (usage?["prompt_tokens_details"] as? [String: Any])?["cached_tokens"] as? Int
        }
        #expect(try await cached(user) == 0)
        #expect(try await cached(admin) == 0)
        #expect(try await cached(user) ?? 0 > 0)
        #expect(try program.run("keys", "remove", file, "ann").status == 0)
        let deadline = ContinuousClock.now + .seconds(120)
        while try await get("/v1/models", user) == 200, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(try await get("/v1/models", user) == 401)
        #expect(!server.log.contains(user) && !server.log.contains(admin))
    }
}
