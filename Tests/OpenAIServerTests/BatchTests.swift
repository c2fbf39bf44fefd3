import Foundation
import KongurTesting
import Testing

/// Files and batches over real sockets, and the command that does without.
@Suite(.serialized) struct BatchTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func line(_ id: String, _ more: [String: Any] = [:], question: String = "What is 47 + 385?") -> Data
    {
        let body: [String: Any] = [
            "model": "pebble", "temperature": 0, "messages": [["role": "user", "content": question]],
        ]
        let line: [String: Any] = [
            "custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body.merging(more) { $1 },
        ]
        return (try? JSONSerialization.data(withJSONObject: line)) ?? Data()
    }

    private static func file(_ lines: [Data]) -> Data { Data(lines.joined(separator: Data("\n".utf8))) }

    private func upload(
        _ server: RunningServer,
        _ content: Data,
        purpose: String = "batch",
        key: String? = nil
    ) async throws -> Reply {
        var body = Data()
        body += Data("--x\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n\(purpose)\r\n".utf8)
        body += Data("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n".utf8)
        body += content + Data("\r\n--x--\r\n".utf8)
        return try await server.post("/v1/files", body, Self.headers(key, "multipart/form-data; boundary=x"))
    }

    private static func headers(_ key: String?, _ type: String = "application/json") -> [String: String] {
        var headers = ["Content-Type": type]
        headers["Authorization"] = key.map { "Bearer \($0)" }
        return headers
    }

    private func start(_ server: RunningServer, _ content: Data, key: String? = nil) async throws -> String {
        let file = try await upload(server, content, key: key)
        #expect(file.status == 200, "\(file.text)")
        let batch = try await server.post(
            "/v1/batches",
            [
                "input_file_id": file.json["id"] ?? "", "endpoint": "/v1/chat/completions", "completion_window": "24h",
                "metadata": ["camelCase": "Value"],
            ],
            Self.headers(key)
        )
        #expect(batch.status == 200, "\(batch.text)")
        return try #require(batch.json["id"] as? String)
    }

    /// A batch when it is as expected, and in any case at the end.
    private func batch(
        _ server: RunningServer,
        _ id: String,
        key: String? = nil,
        _ isExpected: ([String: Any]) -> Bool
    ) async throws -> [String: Any] {
        let deadline = ContinuousClock.now + .seconds(240)
        while true {
            let batch = try await server.get("/v1/batches/\(id)", Self.headers(key)).json
            if isExpected(batch) || ContinuousClock.now > deadline { return batch }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func counts(_ batch: [String: Any]) -> [String: Int] { batch["request_counts"] as? [String: Int] ?? [:] }

    private func results(_ server: RunningServer, _ file: Any?, key: String? = nil) async throws -> [[String: Any]] {
        let id = try #require(file as? String)
        let reply = try await server.get("/v1/files/\(id)/content", Self.headers(key))
        #expect(reply.status == 200)
        return reply.text.split(separator: "\n").compactMap {
            (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
        }
    }

    @Test(.enabled(if: OfficialClient.isAvailable, OfficialClient.skipped))
    func theOfficialClientWorksUnchanged() async throws {
        let server = try await RunningServer("--batch-folder", folder.path)
        try await OfficialClient.run(
            on: server,
            """
            from io import BytesIO
            from json import dumps, loads
            from time import sleep
            def line(number, **more):
                body = {"model": "pebble", "temperature": 0, "messages": [{"role": "user", "content": "What is 47 + 385?"}]}
                return {"custom_id": f"line-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body | more}
            lines = [line(0), line(1, temperature=9), line(2, model="gpt-4"), line(3, stream=True), line(4, n=2, max_tokens=3)]
            data = "".join(dumps(line) + "\\n" for line in lines).encode()

            file = client.files.create(file=("questions.jsonl", BytesIO(data)), purpose="batch")
            assert file.filename == "questions.jsonl" and file.bytes == len(data) and file.status == "processed", file
            assert client.files.content(file.id).read() == data
            assert client.files.retrieve(file.id).to_dict() == file.to_dict()
            more = [client.files.create(file=BytesIO(b"x"), purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600})
                    for _ in range(3)]
            assert more[0].expires_at == more[0].created_at + 3600
            assert [f.id for f in client.files.list(limit=2)] == [f.id for f in reversed([file] + more)]
            assert client.files.delete(more[0].id).deleted
            try:
                client.files.retrieve(more[0].id)
                raise SystemExit("a file that was deleted is there")
            except NotFoundError:
                pass

            batch = client.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"myName": "x"})
            assert batch.status == "validating" and batch.metadata == {"myName": "x"}, batch
            while batch.status in ("validating", "in_progress", "finalizing"):
                sleep(0.05)
                batch = client.batches.retrieve(batch.id)
            assert batch.status == "completed" and batch.errors is None, batch
            assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (5, 2, 3), batch
            assert batch.created_at <= batch.in_progress_at <= batch.finalizing_at <= batch.completed_at
            results = [loads(l) for l in client.files.content(batch.output_file_id).text.splitlines()]
            assert [r["custom_id"] for r in results] == ["line-0", "line-4"], results
            assert all(r["error"] is None and r["response"]["status_code"] == 200 for r in results)
            answer = results[0]["response"]["body"]["choices"][0]["message"]["content"]
            assert answer == r"The answer is \\boxed{432}.", answer
            assert len(results[1]["response"]["body"]["choices"]) == 2
            faults = [loads(l) for l in client.files.content(batch.error_file_id).text.splitlines()]
            assert [(r["custom_id"], r["response"]["status_code"]) for r in faults] == [("line-1", 400), ("line-2", 404), ("line-3", 400)]
            assert faults[0]["response"]["body"]["error"]["param"] == "temperature"

            wrong = client.batches.create(input_file_id=more[1].id, endpoint="/v1/completions", completion_window="24h")
            while wrong.status == "validating":
                sleep(0.05)
                wrong = client.batches.retrieve(wrong.id)
            assert wrong.status == "failed" and wrong.errors.data[0].code == "invalid_json_line", wrong
            assert wrong.errors.data[0].line == 1 and wrong.failed_at
            assert [b.id for b in client.batches.list(limit=1)] == [wrong.id, batch.id]

            slow = [line(number, max_tokens=900, ignore_eos=True, temperature=1) for number in range(500)]
            data = "".join(dumps(line) + "\\n" for line in slow).encode()
            file = client.files.create(file=BytesIO(data), purpose="batch")
            batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
            while client.batches.retrieve(batch.id).request_counts.completed == 0:
                sleep(0.02)
            assert client.batches.cancel(batch.id).status in ("cancelling", "cancelled")
            while batch.status != "cancelled":
                sleep(0.05)
                batch = client.batches.retrieve(batch.id)
            done = len(client.files.content(batch.output_file_id).text.splitlines())
            assert 0 < done == batch.request_counts.completed < 500, batch
            client.files.delete(file.id)
            """
        )
    }

    @Test func eachKeyHasItsOwn() async throws {
        let server = try await RunningServer(
            "--batch-folder",
            folder.path,
            "--api-key",
            "key-of-ann",
            "--api-key",
            "key-of-bob"
        )
        let id = try await start(server, Self.line("a"), key: "key-of-ann")
        let ended = try await batch(server, id, key: "key-of-ann") { $0["status"] as? String == "completed" }
        let output = try #require(ended["output_file_id"] as? String)
        #expect(ended["metadata"] as? [String: String] == ["camelCase": "Value"])
        for path in ["/v1/files/\(output)", "/v1/files/\(output)/content", "/v1/batches/\(id)"] {
            #expect(try await server.get(path, Self.headers("key-of-ann")).status == 200)
            #expect(try await server.get(path, Self.headers("key-of-bob")).status == 404)
            #expect(try await server.get(path).status == 401)
        }
        for path in ["/v1/files", "/v1/batches"] {
            let list = try await server.get(path, Self.headers("key-of-bob"))
            #expect(list.status == 200 && (list.json["data"] as? [Any])?.isEmpty == true)
        }
        let gone = try await server.request("DELETE", "/v1/files/\(output)", Self.headers("key-of-bob"), body: nil)
        #expect(gone.status == 404)
        let cancelled = try await server.post("/v1/batches/\(id)/cancel", Data(), Self.headers("key-of-ann"))
        #expect(cancelled.status == 409 && cancelled.error["code"] as? String == "conflict")
    }

    @Test func refusesWhatItCannotDo() async throws {
        let server = try await RunningServer(
            "--batch-folder",
            folder.path,
            "--batch-file-mib",
            "1",
            "--batch-files",
            "2"
        )
        #expect(try await upload(server, Data("x".utf8), purpose: "assistants").error["param"] as? String == "purpose")
        #expect(try await server.post("/v1/files", ["purpose": "batch"]).status == 400)
        let headers = ["Content-Type": "multipart/form-data; boundary=x"]
        #expect(try await server.post("/v1/files", Data("--x\r\n".utf8), headers).status == 400)
        #expect(try await upload(server, Data(repeating: 0x20, count: (1 << 20) + 1)).status == 413)
        let file = try await upload(server, Data(repeating: 0x20, count: 1 << 20))
        #expect(file.status == 200)
        let id = try #require(file.json["id"] as? String)
        let good: [String: Any] = [
            "input_file_id": id, "endpoint": "/v1/chat/completions", "completion_window": "24h",
        ]
        for (name, value, status) in [
            ("input_file_id", "file-none", 404), ("endpoint", "/v1/embeddings", 400), ("completion_window", "1h", 400),
            ("metadata", ["a": 1], 400), ("output_expires_after", ["anchor": "created_at", "seconds": 1], 400),
        ] as [(String, Any, Int)] {
            let reply = try await server.post("/v1/batches", good.merging([name: value]) { $1 })
            #expect(reply.status == status, "\(name): \(reply.text)")
        }
        #expect(try await upload(server, Data("x".utf8)).status == 200)
        let third = try await upload(server, Data("x".utf8))
        #expect(third.status == 429 && third.error["code"] as? String == "limit_reached")
        for path in ["/v1/files?limit=0", "/v1/batches?limit=x", "/v1/files?purpose=no", "/v1/files?order=up"] {
            #expect(try await server.get(path).status == 400)
        }
        #expect(try await server.get("/v1/files?after=no").status == 404)
        #expect(try await server.get("/v1/files/..%2Fbatches.sqlite/content").status == 404)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/files").count == 2)
    }

    @Test func withoutAFolderItSaysHowThereWouldBeOne() async throws {
        let server = try await RunningServer()
        for path in ["/v1/files", "/v1/batches", "/v1/files/file-1", "/v1/batches/batch_1"] {
            let reply = try await server.get(path)
            #expect(reply.status == 404 && reply.error["code"] as? String == "batches_off")
            #expect((reply.error["message"] as? String)?.contains("--batch-folder") == true)
        }
        #expect(try await upload(server, Data("x".utf8)).error["code"] as? String == "batches_off")
    }

    /// SIGTERM ends it as soon as it would without a batch, and the next start does the rest.
    @Test func aServerThatEndsLeavesTheRestToTheNextStart() async throws {
        let lines = (0..<300).map {
            Self.line("\($0)", ["max_tokens": 300, "ignore_eos": true], question: "What is \($0) + 1?")
        }
        let first = try await RunningServer("--batch-folder", folder.path, "--drain-timeout", "600")
        let id = try await start(first, Self.file(lines))
        let running = try await batch(first, id) { (counts($0)["completed"] ?? 0) > 0 }
        #expect(running["status"] as? String == "in_progress")
        first.terminate()
        #expect(try await first.ended(within: .seconds(120)) == 0)
        #expect(!first.log.contains(" error "), "\(first.log)")
        let second = try await RunningServer("--batch-folder", folder.path)
        let ended = try await batch(second, id) { $0["status"] as? String == "completed" }
        #expect(counts(ended) == ["total": 300, "completed": 300, "failed": 0])
        let results = try await results(second, ended["output_file_id"])
        #expect(results.compactMap { $0["custom_id"] as? String } == (0..<300).map(String.init))
        let metrics = try await second.get("/metrics").text
        #expect(metrics.contains("kongur_batch_lines_total{model_name=\"pebble\",result=\"completed\"}"))
        #expect(metrics.contains("kongur_batch_lines_waiting{model_name=\"pebble\"} 0"))
        // Nobody waits for a batch: its answers are no measure of the service.
        #expect(metrics.contains("vllm:time_to_first_token_seconds_count{model_name=\"pebble\",engine=\"0\"} 0"))
    }

    @Test func whoAsksIsAnsweredWhileABatchRuns() async throws {
        let server = try await RunningServer("--batch-folder", folder.path, "--max-queued-requests", "0")
        let lines = (0..<400).map { Self.line("\($0)", ["max_tokens": 900, "ignore_eos": true, "temperature": 1]) }
        let id = try await start(server, Self.file(lines))
        _ = try await server.status(within: .seconds(120)) { $0["running"] as? Int ?? 0 >= 16 }
        // The batch takes no place in the queue, of which there is none.
        for _ in 0..<5 {
            let reply = try await server.post(
                "/v1/chat/completions",
                ["model": "pebble", "temperature": 0, "messages": [["role": "user", "content": "What is 47 + 385?"]]]
            )
            #expect(reply.status == 200, "\(reply.text)")
        }
        let running = try await server.get("/v1/batches/\(id)").json
        #expect(running["status"] as? String == "in_progress" && counts(running)["completed"] ?? 400 < 400)
        #expect(try await server.post("/v1/batches/\(id)/cancel", Data()).status == 200)
        _ = try await batch(server, id) { $0["status"] as? String == "cancelled" }
        let status = try await server.status(within: .seconds(60)) {
            $0["running"] as? Int == 0 && $0["cache_blocks"] as? Int == $0["free_cache_blocks"] as? Int
        }
        #expect(status["running"] as? Int == 0 && status["waiting"] as? Int == 0)
        #expect(status["cache_blocks"] as? Int == status["free_cache_blocks"] as? Int)
    }

    @Test func theCommandGivesWhatTheServerGives() async throws {
        let lines = [
            Self.line("a"), Self.line("b", ["temperature": 1, "seed": 7, "max_tokens": 40]),
            Self.line("c", ["n": 1000]),
            Self.line("d", ["response_format": ["type": "json_object"], "max_tokens": 60]),
        ]
        let path = try folder.write(Self.file(lines), to: "lines.jsonl")
        let command = try KongurProgram().run("batch", path)
        #expect(command.status == 1 && command.error.contains("4 requests, 1 failed"), "\(command.error)")
        #expect(command.error.contains(folder.path + "/lines.out.jsonl") && command.output.isEmpty)
        let server = try await RunningServer("--batch-folder", folder.path + "/batches")
        let id = try await start(server, Self.file(lines))
        let ended = try await batch(server, id) { $0["status"] as? String == "completed" }
        let served =
            try await results(server, ended["output_file_id"]) + results(server, ended["error_file_id"])
        let text = try String(contentsOfFile: folder.path + "/lines.out.jsonl", encoding: .utf8)
        let written = text.split(separator: "\n").compactMap {
            (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
        }
        /// All but names and times.
        func told(_ results: [[String: Any]]) throws -> [String: String] {
            var told: [String: String] = [:]
            for result in results {
                let response = result["response"] as? [String: Any] ?? [:]
                var body = response["body"] as? [String: Any] ?? [:]
                for name in ["id", "created", "usage", "timings"] { body[name] = nil }
                let text = try JSONSerialization.data(withJSONObject: body, options: .sortedKeys)
                let status = response["status_code"] as? Int ?? 0
                told[result["custom_id"] as? String ?? ""] = "\(status) " + String(decoding: text, as: UTF8.self)
            }
            return told
        }
        let expected = try told(served)
        #expect(expected.count == 4)
        #expect(try told(written) == expected)
    }
}
