import Foundation
import KongurTesting
import Testing

/// The settings of the real program, and what they change.
struct ServerSettingsTests {
    private let question: [String: Any] = [
        "model": "pebble", "messages": [["role": "user", "content": "What is 2 + 2?"]], "max_tokens": 1,
    ]

    @Test func flagsCountBeforeTheEnvironmentAndThatBeforeTheFile() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            Array(
                "port: 1111\nmax-queued-requests: 7\nkeep-alive: 2.5\napi-key: [file-key-1, file-key-2]\nquantize: int8\n"
                    .utf8
            ),
            to: "kongur.yaml"
        )
        let program = KongurProgram(environment: [
            "KONGUR_PORT": "2222", "KONGUR_HOST": "127.0.0.2", "KONGUR_QUANTIZE": "int4", "KONGUR_MODEL": "some/model",
        ])
        let result = try program.run(
            "serve",
            "--print-configuration",
            "--config",
            file,
            "--host",
            "127.0.0.3",
            "--admin-key",
            "secret-key"
        )
        #expect(result.status == 0)
        let lines = Set(result.output.split(separator: "\n"))
        #expect(
            lines.isSuperset(of: ["host: \"127.0.0.3\"", "port: 2222", "max-queued-requests: 7", "keep-alive: 2.5"])
        )
        #expect(lines.isSuperset(of: ["quantize: \"int4\"", "model: \"some/model\""]))
        #expect(lines.contains("api-key: [\"****\", \"****\"]"))
        #expect(!result.output.contains("secret-key") && !result.output.contains("file-key"))
        // What it prints is a file of settings.
        let printed = try folder.write(
            Array(lines.filter { !$0.contains("****") }.joined(separator: "\n").utf8),
            to: "again.yaml"
        )
        let again = try program.run("serve", "--print-configuration", "--config", printed)
        #expect(again.output.contains("max-queued-requests: 7"))
    }

    @Test(arguments: [
        ["--port", "70000"], ["--keep-alive", "nan"], ["--preset", "wizard"], ["--log-level", "loud"],
        ["--host", "0.0.0.0"], ["--tls-key", "/nowhere"], ["--keys-file", "/nowhere"], ["--config", "/nowhere"],
        ["--api-key", "short"], ["--system", "a", "--preset", "olympiad"],
        ["--host", "203.0.113.7", "--allow-anonymous"], ["--response-cache", "disk"],
        ["--response-cache", "sqlite:/nowhere/at/all"], ["--response-cache", "redis://host:port"],
        ["--batch-folder", "/dev/null"], ["--batch-concurrency", "0"], ["--batch-file-mib", "many"],
        ["--response-cache-mib", "0"], ["--response-cache-ttl", "-1"],
    ])
    func refusesWhatDoesNotFit(_ arguments: [String]) throws {
        let result = try KongurProgram().run(["serve"] + arguments)
        #expect(result.status == 2)
        #expect(result.error.contains("error: "))
        #expect(result.error.contains(arguments[0]) || result.error.contains(arguments[1]))
    }

    @Test(arguments: [
        ("prot: 80\n", "'prot'; the nearest one is 'port'"),
        ("max-queue-request: 5\n", "the nearest one is 'max-queued-requests'"),
        ("port: 80\nserver:\n  host: a\n", "'server'"), ("port:\n  number: 80\n", "'port' is one value"),
        ("port: [80, 81]\n", "--port"), ("80: port\n", "80"), ("- port\n", "settings"),
        ("port: 80\nport: 81\n", "port"), ("quantize: int9\n", "'int9' is invalid for '--quantize"),
        ("threads: 0\n", "--threads must be at least 1"),
    ])
    func filesOfSettingsAreRead(_ text: String, _ words: String) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(Array(text.utf8), to: "kongur.yaml")
        let result = try KongurProgram().run("serve", "--print-configuration", "--config", file)
        #expect(result.status == 2)
        #expect(result.error.contains(words) && result.error.contains("error: "), "\(result.error)")
    }

    @Test func kubernetesMaySpeakOfItsServices() throws {
        var program = KongurProgram(environment: [
            "KONGUR_PORT": "tcp://10.0.0.1:80", "KONGUR_SERVICE_HOST": "10.0.0.1", "KONGUR_SERVICE_PORT": "80",
            "KONGUR_PORT_80_TCP": "tcp://10.0.0.1:80", "KONGUR_PORT_80_TCP_PORT": "80",
        ])
        let result = try program.run("serve", "--print-configuration")
        #expect(result.status == 0 && result.output.contains("port: 8000\n"))
        #expect(result.error.contains("note: KONGUR_PORT=tcp://10.0.0.1:80"))
        program.environment["KONGUR_PORT"] = "eighty"
        #expect(try program.run("serve", "--print-configuration").status == 2)
    }

    /// The address of Redis holds a password.
    @Test func passwordsAreNotPrinted() throws {
        let program = KongurProgram(environment: ["KONGUR_RESPONSE_CACHE": "redis://ann:open-sesame@host:7000/2"])
        let result = try program.run("serve", "--print-configuration")
        #expect(result.output.contains("response-cache: \"redis://host:7000/2\"\n"))
        #expect(!result.output.contains("sesame"))
        let wrong = try program.run("serve", "--response-cache", "redis://ann:open-sesame@host:x")
        #expect(wrong.status == 2 && !wrong.error.contains("sesame"))
    }

    @Test func putsASystemMessageFirstWhereThereIsNone() async throws {
        func promptTokens(_ server: RunningServer, _ messages: [[String: String]]) async throws -> Int {
            let reply = try await server.post("/v1/chat/completions", question.merging(["messages": messages]) { $1 })
            return (reply.json["usage"] as? [String: Any])?["prompt_tokens"] as? Int ?? 0
        }
        let user = ["role": "user", "content": "What is 2 + 2?"]
        let plain = try await RunningServer()
        let preset = try await RunningServer("--preset", "olympiad")
        let own = [["role": "system", "content": "Be brief."], user]
        #expect(try await promptTokens(preset, [user]) > 20 + promptTokens(plain, [user]))
        #expect(try await promptTokens(preset, own) == promptTokens(plain, own))
    }

    @Test func tellsThoseWhoAskInChinese() async throws {
        let server = try await RunningServer()
        #expect(try await server.post("/v1/chat/completions", question).headers["x-kongur-hint"] == nil)
        let chinese = question.merging(["messages": [["role": "user", "content": "四十七加三百八十五等于多少"]]]) { $1 }
        #expect(try await server.post("/v1/chat/completions", chinese).headers["x-kongur-hint"] != nil)
    }

    @Test func quietStreamsAreKeptAlive() async throws {
        let server = try await RunningServer("--max-sequences", "1", "--keep-alive", "0.02")
        let long: [String: Any] = [
            "model": "pebble", "prompt": "1+1=", "ignore_eos": true, "max_tokens": 900, "stream": true,
        ]
        let data = try JSONSerialization.data(withJSONObject: long)
        async let first = server.post("/v1/completions", data)
        _ = try await server.status(within: .seconds(60)) { $0["running"] as? Int == 1 }
        let second = try await server.post("/v1/completions", data)
        #expect(second.text.contains(": keep-alive\n\n"))
        #expect(second.text.hasSuffix("data: [DONE]\n\n"))
        #expect(try await first.events.isEmpty == false)
    }

    @Test func speaksTLS() async throws {
        let folder = try TemporaryFolder()
        let (certificate, key) = (folder.path + "/certificate.pem", folder.path + "/key.pem")
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        openssl.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        try #require(openssl.terminationStatus == 0)
        let server = try await RunningServer("--tls-certificate", certificate, "--tls-key", key)
        let output = try await blocking { [port = server.port] in
            let curl = Process()
            curl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            curl.arguments = [
                "curl", "--silent", "--cacert", certificate, "--noproxy", "*", "https://localhost:\(port)/v1/models",
            ]
            let pipe = Pipe()
            curl.standardOutput = pipe
            try curl.run()
            let data = pipe.fileHandleForReading.readDataToEndOfFile()
            curl.waitUntilExit()
            return String(decoding: data, as: UTF8.self)
        }
        #expect(output.contains("pebble"))
    }
}
