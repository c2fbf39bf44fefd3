import Foundation
import KongurTesting
import Testing

/// A key that asks without end beside one that asks now and then, over real sockets.
@Suite(.serialized) struct FairnessTests {
    private static let greedy = "key-of-greedy"
    private static let honest = "key-of-honest"

    private static func headers(_ key: String) -> [String: String] { ["Authorization": "Bearer \(key)"] }

    /// Runs `body` while one key keeps more requests waiting than may wait.
    private func flooded(
        _ server: RunningServer,
        _ body: () async throws -> Void
    ) async throws {
        let request: [String: Any] = [
            "model": "pebble", "prompt": "1+1=", "n": 4, "max_tokens": 300, "ignore_eos": true, "temperature": 1,
        ]
        let data = try JSONSerialization.data(withJSONObject: request)
        let flood = Task {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        while !Task.isCancelled {
                            _ = try? await server.post("/v1/completions", data, Self.headers(Self.greedy))
                            try? await Task.sleep(for: .milliseconds(20))
                        }
                    }
                }
            }
        }
        defer { flood.cancel() }
        // Until what is asked has filled the places.
        try await Task.sleep(for: .milliseconds(500))
        try await body()
    }

    @Test func oneKeyThatFillsTheQueueKeepsNoOtherOut() async throws {
        let server = try await RunningServer(
            "--api-key",
            Self.greedy,
            "--api-key",
            Self.honest,
            "--max-sequences",
            "4",
            "--max-queued-requests",
            "8"
        )
        try await flooded(server) {
            for _ in 0..<20 {
                let reply = try await server.post(
                    "/v1/completions",
                    ["model": "pebble", "prompt": "17*23=", "max_tokens": 4, "temperature": 0],
                    Self.headers(Self.honest)
                )
                #expect(reply.status == 200, "\(reply.text)")
            }
        }
        #expect(server.isRunning)
    }

    /// Whatever is asked counts, and however it is refused; each key has its own limit.
    @Test func theRateLimitCountsEveryRequest() async throws {
        let asked: [(key: String, path: String, body: [String: Any], status: Int)] = [
            ("key-that-tokenizes", "/tokenize", ["prompt": "a"], 200),
            ("key-that-detokenizes", "/detokenize", ["tokens": [1]], 200),
            ("key-that-is-wrong", "/v1/completions", ["prompt": 7], 400),
            ("key-that-is-lost", "/v1/nothing", [:], 404),
        ]
        let server = try await RunningServer(
            "--api-key",
            asked[0].key,
            "--api-key",
            asked[1].key,
            "--api-key",
            asked[2].key,
            "--api-key",
            asked[3].key,
            "--requests-per-minute",
            "1"
        )
        for (key, path, body, status) in asked {
            let headers = Self.headers(key)
            let first = try await server.post(path, body, headers)
            #expect(first.status == status, "\(path): \(first.text)")
            let second = try await server.post("/tokenize", ["prompt": "a"], headers)
            #expect(second.status == 429, "\(path): \(second.text)")
            #expect(second.error["code"] as? String == "rate_limit_exceeded")
            // What makes no work is not counted.
            let list = try await server.get("/v1/models", headers)
            #expect(list.status == 200)
        }
    }
}
