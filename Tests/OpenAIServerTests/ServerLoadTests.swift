import Foundation
import KongurTesting
import Testing

/// The real server under load, under bad clients, and at its end.
@Suite(.serialized) struct ServerLoadTests {
    /// A text that goes on for long.
    private func long(stream: Bool, maxTokens: Int = 900, answers: Int = 1) throws -> Data {
        try JSONSerialization.data(withJSONObject: [
            "model": "pebble", "prompt": "1+1=", "ignore_eos": true, "max_tokens": maxTokens, "stream": stream,
            "n": answers,
        ])
    }

    @Test func clientsThatLeaveCostNothing() async throws {
        let server = try await RunningServer("--max-sequences", "4")
        let bodies = [try long(stream: true), try long(stream: false)]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<50 {
                group.addTask {
                    let message = RunningServer.message("POST", "/v1/completions", body: bodies[index % 2])
                    // Some leave while they wait, some in the middle of their answer.
                    try await blocking { [port = server.port] in
                        let client = try Client(port: port)
                        try client.send(message)
                        usleep(useconds_t(index * 7_000))
                        switch index % 3 {
                        case 0: client.resetAtEnd()
                        case 1: break
                        default:
                            client.halfClose()
                            // It stays, and hears that nothing more comes.
                            _ = try? client.readToEnd()
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let status = try await server.status(within: .seconds(60)) {
            $0["admitted"] as? Int == 0 && $0["running"] as? Int == 0 && $0["waiting"] as? Int == 0
        }
        #expect(status["admitted"] as? Int == 0)
        #expect(status["running"] as? Int == 0)
        #expect(status["waiting"] as? Int == 0)
        #expect(status["cache_usage"] as? Double == 0)
        #expect(try await server.get("/health/ready").status == 200)
    }

    @Test func refusesWhenTooManyWaitAndStaysHealthy() async throws {
        let server = try await RunningServer("--max-sequences", "1", "--max-queued-requests", "2")
        let body = try long(stream: false, maxTokens: 600)
        let replies = try await withThrowingTaskGroup(of: Reply.self) { group in
            for _ in 0..<12 { group.addTask { try await server.post("/v1/completions", body) } }
            group.addTask {
                try await Task.sleep(for: .milliseconds(50))
                return try await server.get("/health/live")
            }
            return try await group.reduce(into: [Reply]()) { $0.append($1) }
        }
        let refused = replies.filter { $0.status == 429 }
        #expect(replies.filter { $0.status == 200 }.count == 13 - refused.count)
        #expect(refused.count >= 6)
        for reply in refused { #expect(Int(reply.headers["retry-after"] ?? "") ?? 0 >= 1) }
    }

    @Test func finishesItsAnswersBeforeItEnds() async throws {
        // One after the other, so that there is time to ask while they are written.
        let server = try await RunningServer("--drain-timeout", "300", "--max-sequences", "1")
        let body = try long(stream: true, answers: 20)
        async let running = server.post("/v1/completions", body)
        _ = try await server.status(within: .seconds(60)) { $0["running"] as? Int == 1 }
        server.terminate()
        let deadline = ContinuousClock.now + .seconds(20)
        while try await server.get("/health/ready").status == 200, .now < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        let refused = try await server.post("/v1/completions", body)
        #expect(refused.status == 503)
        #expect(refused.headers["retry-after"] != nil)
        #expect(refused.headers["connection"] == "close")
        let ready = try await server.get("/health/ready")
        #expect(ready.status == 503)
        let reply = try await running
        #expect(reply.text.hasSuffix("data: [DONE]\n\n"))
        let reasons = reply.events.compactMap {
            ($0["choices"] as? [[String: Any]])?.first?["finish_reason"] as? String
        }
        #expect(reasons == Array(repeating: "length", count: 20))
        #expect(try await server.ended(within: .seconds(60)) == 0)
    }

    @Test func cancelsWhatTakesTooLongToDrain() async throws {
        let server = try await RunningServer("--drain-timeout", "0.2", "--max-sequences", "1")
        let body = try long(stream: true)
        let replies = try await withThrowingTaskGroup(of: Reply.self) { group in
            for _ in 0..<20 { group.addTask { try await server.post("/v1/completions", body) } }
            _ = try await server.status(within: .seconds(60)) { $0["admitted"] as? Int == 20 }
            server.terminate()
            return try await group.reduce(into: [Reply]()) { $0.append($1) }
        }
        // Those that were cut short say so.
        let cut = replies.filter { $0.events.contains { $0["error"] != nil } }
        #expect(!cut.isEmpty)
        #expect(replies.allSatisfy { $0.text.hasSuffix("data: [DONE]\n\n") })
        #expect(try await server.ended(within: .seconds(60)) == 0)
    }

    @Test func slowClientsAreLetGo() async throws {
        let server = try await RunningServer("--read-timeout", "0.5")
        // A body that never comes, a head that never ends.
        for text in [
            "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{", "GET /version HT",
        ] {
            let answer = try await blocking { [port = server.port] in
                let client = try Client(port: port)
                try client.send(Data(text.utf8))
                return try client.readToEnd()
            }
            #expect(answer.isEmpty || String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 408"))
        }
        // A body that is too long is refused unread, and the connection ends.
        let refused = try await blocking { [port = server.port] in
            let client = try Client(port: port)
            try client.send(
                Data("POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n{".utf8)
            )
            return try Reply(client.readToEnd())
        }
        #expect(refused.status == 413)
        let headers = Dictionary(uniqueKeysWithValues: (0..<200).map { ("X-\($0)", "x") })
        #expect(try await server.get("/version", headers).status == 431)
        #expect(try await server.get("/version").status == 200)
    }

    @Test func aLogThatNobodyReadsHoldsUpNobody() async throws {
        let server = try await RunningServer("--log-level", "debug", readsLog: false)
        // More than a pipe takes.
        let headers = ["X-Request-Id": String(repeating: "x", count: 128)]
        for _ in 0..<500 {
            let reply = try await server.get("/version", headers)
            try #require(reply.status == 200)
        }
        server.terminate()
        #expect(try await server.ended(within: .seconds(60)) == 0)
    }

    @Test func bodiesThatAreCutShortAreTheClientsFault() async throws {
        let server = try await RunningServer()
        let reply = try await blocking { [port = server.port] in
            let client = try Client(port: port)
            try client.send(Data("POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n{".utf8))
            client.halfClose()
            return try Reply(client.readToEnd())
        }
        #expect(reply.status == 400)
        #expect(!server.log.contains("error failure"))
    }

    @Test func answersThatTakeTooLongEnd() async throws {
        let server = try await RunningServer("--request-timeout", "0.05", "--max-sequences", "1")
        let whole = try await server.post("/v1/completions", long(stream: false))
        #expect(whole.status == 504)
        let streamed = try await server.post("/v1/completions", long(stream: true))
        #expect(streamed.status == 200)
        #expect((streamed.events.last?["error"] as? [String: Any])?["code"] as? String == "timeout")
        let status = try await server.status(within: .seconds(60)) { $0["running"] as? Int == 0 }
        #expect(status["running"] as? Int == 0)
    }
}
