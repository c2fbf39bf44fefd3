import Foundation
import KongurTesting
import Testing

/// What whoever runs a server meets: settings that are wrong, its log, and what others read of it.
@Suite struct OperatorTests {
    private let question: [String: Any] = [
        "model": "pebble", "messages": [["role": "user", "content": "What is 2 + 2?"]], "max_tokens": 3,
    ]

    /// A model that is not there would be told of first if it were looked for first.
    @Test(arguments: [
        ["--reasoning", "perhaps"], ["--preset", "wizard"], ["--log-format", "xml"], ["--log-level", "loud"],
        ["--keys-file", "/nowhere"], ["--tls-key", "/nowhere"], ["--response-cache", "sqlite:/nowhere/at/all"],
        ["--batch-folder", "/dev/null"], ["--cors-origin", "https://chat.example.org/page"],
        ["--allowed-host", "two words"], ["--cache-mib", "much"], ["--host", "0.0.0.0"],
    ])
    func settingsAreReadBeforeTheModel(_ arguments: [String]) throws {
        let result = try KongurProgram().run(["serve", "/nowhere/model", "--port", "0"] + arguments)
        #expect(result.status == 2)
        #expect(!result.error.contains("/nowhere/model"), "\(result.error)")
    }

    @Test func aPortThatIsTakenIsToldBeforeTheModelIsLoaded() async throws {
        let server = try await RunningServer()
        let result = try KongurProgram().run([
            "serve", "/nowhere/model", "--port", "\(server.port)", "--response-cache", "off",
        ])
        #expect(result.status == 2)
        #expect(result.error.contains("another program") && !result.error.contains("/nowhere/model"))
    }

    @Test func namesOfTheEnvironmentThatAreNoSettingsAreToldOf() throws {
        let program = KongurProgram(environment: [
            "KONGUR_PROT": "80", "KONGUR_PORT": "tcp://10.0.0.1:80", "KONGUR_SERVICE_HOST": "10.0.0.1",
            "KONGUR_EPP_SERVICE_PORT": "9002", "KONGUR_EPP_SERVICE_HOST": "10.0.0.2",
        ])
        let result = try program.run("serve", "--print-configuration")
        #expect(result.status == 0)
        #expect(result.error.contains("KONGUR_PROT") && result.error.contains("did you mean KONGUR_PORT?"))
        #expect(!result.error.contains("EPP") && !result.output.contains("10.0.0"))
    }

    @Test func aLineOfTheLogIsAnObject() async throws {
        let server = try await RunningServer("--log-format", "json")
        _ = try await server.post("/v1/chat/completions", question, ["X-Request-Id": "mine"])
        _ = try await server.get("/metrics")
        _ = try await server.get("/health")
        _ = try await server.get("/v1/nothing\"here")
        try #require(try await server.logs(#"nothing\"here"#))
        let lines = try server.log.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
        for line in lines {
            #expect(line["level"] is String && line["message"] is String)
            #expect((line["time"] as? String)?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/) != nil)
        }
        let requests = lines.filter { $0["message"] as? String == "request" }
        // Probes, scrapes and the page's files are worth no line.
        #expect(requests.map { $0["path"] as? String } == ["/v1/chat/completions", "/v1/nothing\"here"])
        let answer = try #require(requests.first)
        #expect(answer["request_id"] as? String == "mine" && answer["client"] as? String == "127.0.0.1")
        #expect(answer["model"] as? String == "pebble" && answer["status"] as? Int == 200)
        #expect(answer["finish_reason"] as? String == "length" && answer["completion_tokens"] as? Int == 3)
        for name in ["seconds", "queue_time_seconds", "time_to_first_token_seconds", "tokens_per_second"] {
            #expect(((answer[name] as? Double) ?? -1) >= 0, "\(name)")
        }
        #expect(requests.last?["status"] as? Int == 404)
    }

    @Test func aFailureToStartIsALineOfTheLogToo() throws {
        let result = try KongurProgram().run([
            "serve", "--log-format", "json", "/nowhere/model", "--port", "0",
        ])
        #expect(result.status == 2)
        for line in result.error.split(separator: "\n") {
            #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any], "\(line)")
        }
        #expect(result.error.contains(#""level":"critical""#) && result.error.contains("/nowhere/model"))
    }

    @Test func onlyMetricsAreOpen() async throws {
        let server = try await RunningServer("--api-key", "a-key-of-some-length", "--open-metrics")
        #expect(try await server.get("/metrics").status == 200)
        for path in ["/v1/models", "/server_info", "/model_info", "/v1/devices", "/page/settings"] {
            #expect(try await server.get(path).status == 401, "\(path)")
        }
        let closed = try await RunningServer("--api-key", "a-key-of-some-length")
        #expect(try await closed.get("/metrics").status == 401)
    }

    /// SGLang's router sends the client's key and its own, which are the same; of two keys nobody knows which is meant.
    @Test(arguments: [
        (["Authorization: Bearer a-key-of-some-length", "authorization: Bearer a-key-of-some-length"], 200),
        (["X-API-Key: a-key-of-some-length", "X-API-Key: a-key-of-some-length"], 200),
        (["Authorization: Bearer a-key-of-some-length", "X-API-Key: other"], 200),
        (["Authorization: Bearer a-key-of-some-length", "Authorization: Bearer other"], 401),
        (["Authorization: Bearer other", "Authorization: Bearer a-key-of-some-length"], 401),
        (["X-API-Key: a-key-of-some-length", "X-API-Key: other"], 401), (["Authorization: Bearer other"], 401),
        ([], 401),
    ])
    func aKeyMayComeTwice(_ lines: [String], _ status: Int) async throws {
        let server = try await RunningServer("--api-key", "a-key-of-some-length")
        let head = (["GET /v1/models HTTP/1.1", "Host: localhost", "Connection: close"] + lines).map { $0 + "\r\n" }
            .joined()
        let reply = try await blocking { [port = server.port] in
            let client = try Client(port: port)
            try client.send(Data((head + "\r\n").utf8))
            return try Reply(client.readToEnd())
        }
        #expect(reply.status == status)
    }

    /// The names are those that SGLang's servers answer with and its router reads.
    @Test func routersAreToldOfServerAndModel() async throws {
        let server = try await RunningServer("--max-sequences", "5")
        for path in ["/server_info", "/get_server_info"] {
            let info = try await server.get(path).json
            #expect(info["served_model_name"] as? String == "pebble" && info["max_running_requests"] as? Int == 5)
            #expect((info["max_total_num_tokens"] as? Int ?? 0) > 0 && info["dp_size"] as? Int == 1)
        }
        for path in ["/model_info", "/get_model_info"] {
            let info = try await server.get(path).json
            #expect(info["is_generation"] as? Bool == true && info["tokenizer_path"] is String)
            #expect(info["model_type"] as? String == "qwen2")
        }
    }

    /// A series that begins only with its first event has no rate for it.
    @Test func countersBeginAtZero() async throws {
        let server = try await RunningServer()
        let text = try await server.get("/metrics").text
        for reason in ["stop", "length", "abort"] {
            let line = text.split(separator: "\n").first { $0.contains(#"finished_reason="\#(reason)""#) }
            #expect(line?.split(separator: " ").last.flatMap { Double($0) } == 0, "\(reason)")
        }
    }
}
