import Foundation
import KongurTesting
import Testing

/// Clients that take connections and bring nothing.
@Suite(.serialized) struct ConnectionTests {
    private static let head = "Host: localhost\r\nContent-Length: 100000\r\n\r\n"

    /// Sends a byte at a time until the server closes the connection; what the server said.
    private func drip(_ server: RunningServer, _ start: String, limit: Duration) async throws -> String? {
        try await blocking { [port = server.port] in
            let client = try Client(port: port)
            try client.send(Data(start.utf8))
            let end = ContinuousClock.now + limit
            while ContinuousClock.now < end {
                do {
                    try client.send(Data("a".utf8))
                } catch {
                    return (try? String(decoding: client.readToEnd(), as: UTF8.self)) ?? ""
                }
                usleep(50_000)
            }
            return nil
        }
    }

    @Test func whatDripsInIsLetGoOnEveryRoute() async throws {
        let folder = try TemporaryFolder()
        let server = try await RunningServer("--read-timeout", "1", "--batch-folder", folder.path)
        for start in [
            "GET /hea", "GET /health HTTP/1.1\r\nHost: localhost\r\nX: ", "GET /health HTTP/1.1\r\n\(Self.head)",
            "POST /v1/chat/completions HTTP/1.1\r\n\(Self.head)", "POST /tokenize HTTP/1.1\r\n\(Self.head)",
            "POST /nowhere HTTP/1.1\r\n\(Self.head)", "DELETE /v1/models HTTP/1.1\r\n\(Self.head)",
            "POST /v1/files HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\n\(Self.head)--b\r\n",
        ] {
            #expect(try await drip(server, start, limit: .seconds(20)) != nil, "\(start)")
        }
        #expect(try await server.get("/version").status == 200)
    }

    @Test func anUnreadBodyEndsTheConnection() async throws {
        let server = try await RunningServer("--api-key", "a-long-key")
        for (target, status) in [("GET /health", 200), ("POST /v1/completions", 401), ("GET /", 200)] {
            let said = try await server.exchange(Data("\(target) HTTP/1.1\r\n\(Self.head)abc".utf8))
            let reply = try Reply(Data(said.utf8))
            #expect(reply.status == status && reply.headers["connection"] == "close", "\(said.prefix(300))")
        }
        // One who sends much more before it reads still gets the answer.
        let body = String(repeating: "a", count: 4 << 20)
        let post =
            "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let refused = try await server.exchange(Data(post.utf8))
        #expect(try Reply(Data(refused.utf8)).status == 401)
    }

    @Test func nobodyKeepsOthersOutByWaiting() async throws {
        let server = try await RunningServer("--max-connections", "20", "--read-timeout", "60")
        let port = server.port
        for start in ["", "GET /hea", "POST /tokenize HTTP/1.1\r\n\(Self.head)abc"] {
            let held = try await blocking {
                try (0..<60).map { _ in
                    let client = try Client(port: port, source: "127.0.0.2")
                    try client.send(Data(start.utf8))
                    return client
                }
            }
            for _ in 0..<5 { #expect(try await server.get("/version").status == 200, "\(start)") }
            withExtendedLifetime(held) {}
        }
    }

    @Test func oneAddressHasItsLimit() async throws {
        let server = try await RunningServer("--max-connections-per-address", "3", "--read-timeout", "60")
        let port = server.port
        let held = try await blocking { try (0..<3).map { _ in try Client(port: port, source: "127.0.0.2") } }
        try await Task.sleep(for: .milliseconds(200))
        let fourth = try await blocking {
            let client = try Client(port: port, source: "127.0.0.2")
            return try? client.readToEnd()
        }
        #expect(fourth?.isEmpty != false)
        #expect(try await server.get("/version").status == 200)
        withExtendedLifetime(held) {}
    }

    @Test func fewerConnectionsWhereTheSystemAllowsNoMoreFiles() async throws {
        let server = try await RunningServer("--read-timeout", "60", openFiles: 100)
        #expect(try await server.logs("connections instead of 1024"), "\(server.log)")
        let port = server.port
        let held = try await blocking { try (0..<200).map { _ in try Client(port: port, source: "127.0.0.2") } }
        #expect(try await server.get("/version").status == 200)
        withExtendedLifetime(held) {}
        #expect(!server.log.contains("no more connections for a second"), "\(server.log)")
    }

    @Test func theEndWaitsForNobodyTooLong() async throws {
        for hangsUp in [false, true] {
            let folder = try TemporaryFolder()
            let server = try await RunningServer("--drain-timeout", "1", "--batch-folder", folder.path)
            let port = server.port
            let long: [String: Any] = [
                "model": "pebble", "prompt": "1+1=", "ignore_eos": true, "max_tokens": 900, "stream": true, "n": 8,
                "logprobs": 5,
            ]
            let ask = RunningServer.message(
                "POST",
                "/v1/completions",
                body: try JSONSerialization.data(withJSONObject: long)
            )
            let form = "POST /v1/files HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\n\(Self.head)--b\r\n"
            // One does not read its answer, one does not send its file, one does nothing.
            let held = try await blocking {
                let clients = try (0..<3).map { _ in try Client(port: port, receiving: 4096) }
                try clients[0].send(ask)
                try clients[1].send(Data(form.utf8))
                return clients
            }
            _ = try await server.status(within: .seconds(30)) { $0["running"] as? Int ?? 0 > 0 }
            let start = ContinuousClock.now
            if hangsUp { server.hangUp() } else { server.terminate() }
            #expect(try await server.ended(within: .seconds(30)) == 0)
            #expect(ContinuousClock.now - start < .seconds(5))
            withExtendedLifetime(held) {}
        }
    }

    @Test func aClosedTerminalEndsTheAnswersInOrder() async throws {
        let server = try await RunningServer("--drain-timeout", "60")
        async let reply = server.post(
            "/v1/completions",
            ["model": "pebble", "prompt": "1+1=", "ignore_eos": true, "max_tokens": 500, "n": 8]
        )
        _ = try await server.status(within: .seconds(30)) { $0["running"] as? Int ?? 0 > 0 }
        server.hangUp()
        #expect(try await reply.status == 200)
        #expect(try await server.ended(within: .seconds(60)) == 0)

        let outliving = try await RunningServer(ignoring: "HUP")
        outliving.hangUp()
        #expect(try await outliving.get("/version").status == 200)
    }
}
