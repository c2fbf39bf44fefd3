import Foundation
import KongurTesting
import Testing

/// Answers that are given again, by the real server.
@Suite(.serialized) struct ResponseCacheTests {
    /// A text that takes a while.
    private func body(_ more: [String: Any] = [:]) throws -> Data {
        let base: [String: Any] = [
            "model": "pebble", "prompt": "1+1=", "ignore_eos": true, "max_tokens": 200, "temperature": 1, "seed": 1,
        ]
        return try JSONSerialization.data(withJSONObject: base.merging(more) { $1 })
    }

    private func ask(
        _ server: RunningServer,
        _ more: [String: Any] = [:],
        _ headers: [String: String] = [:]
    ) async throws -> Reply {
        let reply = try await server.post("/v1/completions", body(more), headers)
        try #require(reply.status == 200, "\(reply.text)")
        return reply
    }

    /// Asks for what should be there; on a machine that is busy with other tests a file or Redis may once take too long.
    private func askAgain(_ server: RunningServer, _ more: [String: Any] = [:]) async throws -> Reply {
        for _ in 0..<10 {
            let reply = try await ask(server, more)
            if origin(reply) == "hit" { return reply }
        }
        return try await ask(server, more)
    }

    private func origin(_ reply: Reply) -> String? { reply.headers["x-kongur-cache"] }

    private func text(_ reply: Reply) -> String {
        let choices =
            (reply.json["choices"] as? [[String: Any]] ?? [])
            + reply.events.flatMap {
                $0["choices"] as? [[String: Any]] ?? []
            }
        return choices.compactMap { $0["text"] as? String }.joined()
    }

    private func metric(_ server: RunningServer, _ name: String) async throws -> Int {
        let lines = try await server.get("/metrics").text.split(separator: "\n")
        let line = lines.first { $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ") }
        return Int(Double(line?.split(separator: " ").last ?? "") ?? -1)
    }

    private func cache(_ server: RunningServer, _ name: String) async throws -> Int {
        try await metric(server, "kongur_response_cache_\(name)_total")
    }

    /// Without what every response has of its own.
    private func told(_ reply: Reply) -> String {
        reply.text.replacing(#/"id":"[^"]*"/#, with: "").replacing(#/"created":[0-9]+/#, with: "")
            .replacing(#/"timings":\{[^}]*\},/#, with: "")
    }

    @Test func aHundredAskAndOneIsComputed() async throws {
        let server = try await RunningServer(cache: "memory")
        let bodies = try [body(), body(["stream": true])]
        let replies = try await withThrowingTaskGroup(of: Reply.self) { group in
            for number in 0..<100 { group.addTask { try await server.post("/v1/completions", bodies[number % 2]) } }
            return try await group.reduce(into: [Reply]()) { $0.append($1) }
        }
        #expect(replies.allSatisfy { $0.status == 200 })
        #expect(Set(replies.map(text)).count == 1 && text(replies[0]).utf8.count > 100)
        #expect(replies.filter { origin($0) == "miss" }.count == 1)
        #expect(try await metric(server, "vllm:generation_tokens_total") == 200)
        #expect(try await cache(server, "misses") == 1)
        #expect(try await cache(server, "shared") + cache(server, "hits") == 99)
        #expect(try await cache(server, "errors") == 0)
        #expect(try await metric(server, "kongur_response_cache_bytes") > 100)
    }

    @Test func aHitIsWhatTheMissWas() async throws {
        let server = try await RunningServer(cache: "memory")
        for more in [[:], ["n": 3, "temperature": 1.5], ["logprobs": 3, "max_tokens": 20]] as [[String: Any]] {
            // The same request is the same answer in both forms, whichever was asked for first.
            let streamed = more.merging(["stream": true, "stream_options": ["include_usage": true]]) { $1 }
            let forms = more.isEmpty ? [more, streamed] : [streamed, more]
            let misses = [
                try await ask(server, forms[0], ["Cache-Control": "no-store"]), try await ask(server, forms[0]),
            ]
            #expect(misses.map(origin) == [nil, "miss"])
            let hits = [
                try await ask(server, forms[0]), try await ask(server, forms[1]), try await ask(server, forms[1]),
            ]
            #expect(hits.map(origin) == ["hit", "hit", "hit"])
            #expect(told(hits[0]) == told(misses[1]))
            #expect(told(hits[1]) == told(hits[2]))
            #expect(hits[0].headers["content-type"] == misses[1].headers["content-type"])
            // The form that was asked for first says nothing about the other one.
            let computed = try await ask(server, forms[1], ["Cache-Control": "no-store"])
            #expect(text(hits[1]) == text(computed))
            #expect(hits[1].events.count == computed.events.count)
            // What it costs is what it has cost.
            let usage = hits[0].json["usage"] as? [String: Any] ?? hits[0].events.last?["usage"] as? [String: Any]
            #expect(usage?["completion_tokens"] as? Int ?? 0 > 0)
        }
        let tokens = try await metric(server, "vllm:generation_tokens_total")
        _ = try await ask(server)
        #expect(try await metric(server, "vllm:generation_tokens_total") == tokens)
        #expect(try await server.logs(" cache=hit "))
    }

    @Test func onlyWhatWouldBeTheSameIsKept() async throws {
        let server = try await RunningServer(
            "--api-key",
            "first-key",
            "--api-key",
            "second-key",
            cache: "memory"
        )
        let first = ["Authorization": "Bearer first-key"]
        let few: [String: Any] = ["max_tokens": 5]
        #expect(origin(try await ask(server, few, first)) == "miss")
        #expect(origin(try await ask(server, few, first)) == "hit")
        // Another draw each time.
        let random: [String: Any] = few.merging(["seed": NSNull()] as [String: Any]) { $1 }
        for _ in 0..<2 { #expect(origin(try await ask(server, random, first)) == nil) }
        let greedy = random.merging(["temperature": 0]) { $1 }
        #expect(origin(try await ask(server, greedy, first)) == "miss")
        #expect(origin(try await ask(server, greedy, first)) == "hit")
        // Who wants none gets none, by header or field, and leaves none.
        let other = few.merging(["seed": 2]) { $1 }
        for headers in [["Cache-Control": "no-cache"], ["Cache-Control": "max-age=0, No-Store"]] {
            #expect(origin(try await ask(server, other, first.merging(headers) { $1 })) == nil)
        }
        #expect(origin(try await ask(server, other.merging(["cache": false] as [String: Any]) { $1 }, first)) == nil)
        #expect(origin(try await ask(server, other, first)) == "miss")
        // The holder of another key learns nothing of it.
        #expect(origin(try await ask(server, few, ["Authorization": "Bearer second-key"])) == "miss")
        // A request that is wrong is wrong.
        let wrong = try await server.post("/v1/completions", body(["cache": 1]), first)
        #expect(wrong.status == 400 && wrong.error["param"] as? String == "cache")

        let sharing = try await RunningServer(
            "--api-key",
            "first-key",
            "--api-key",
            "second-key",
            "--share-responses",
            cache: "memory"
        )
        #expect(origin(try await ask(sharing, few, first)) == "miss")
        #expect(origin(try await ask(sharing, few, ["Authorization": "Bearer second-key"])) == "hit")
    }

    @Test func answersExpire() async throws {
        let server = try await RunningServer("--response-cache-ttl", "2", cache: "memory")
        let begin = ContinuousClock.now
        #expect(origin(try await ask(server, ["max_tokens": 2])) == "miss")
        while origin(try await ask(server, ["max_tokens": 2])) == "hit" {
            try #require(.now - begin < .seconds(120))
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(.now - begin > .seconds(2))
    }

    /// Whoever asked first may leave: what others wait for goes on, and with the last one it ends.
    @Test func whoeverLeavesEndsNothingForTheOthers() async throws {
        let server = try await RunningServer(cache: "memory")
        let message = RunningServer.message(
            "POST",
            "/v1/completions",
            body: try body(["stream": true, "max_tokens": 900])
        )
        let (first, second) = try await blocking { [port = server.port] in
            let first = try Client(port: port)
            try first.send(message)
            // It has begun.
            while try !String(decoding: first.read(), as: UTF8.self).contains("data: ") {}
            let second = try Client(port: port)
            try second.send(message)
            return (first, second)
        }
        _ = first
        let reply = try await blocking {
            let head = try second.read()
            first.resetAtEnd()
            first.halfClose()
            return try Reply(head + second.readToEnd())
        }
        #expect(origin(reply) == "shared")
        #expect(reply.text.hasSuffix("data: [DONE]\n\n"))
        #expect(try await metric(server, "vllm:generation_tokens_total") == 900)
        #expect(origin(try await ask(server, ["max_tokens": 900])) == "hit")
        // Nobody is left to listen to this one.
        let lonely = RunningServer.message(
            "POST",
            "/v1/completions",
            body: try body(["stream": true, "max_tokens": 900, "seed": 2])
        )
        try await blocking { [port = server.port] in
            let client = try Client(port: port)
            try client.send(lonely)
            while try !String(decoding: client.read(), as: UTF8.self).contains("data: ") {}
        }
        let status = try await server.status(within: .seconds(60)) {
            $0["running"] as? Int == 0 && $0["admitted"] as? Int == 0
        }
        #expect(status["running"] as? Int == 0 && status["admitted"] as? Int == 0)
        #expect(try await metric(server, "vllm:generation_tokens_total") < 1800)
    }

    @Test func aHitWaitsInNoQueueAndCountsForTheRate() async throws {
        let server = try await RunningServer(
            "--max-sequences",
            "1",
            "--max-queued-requests",
            "0",
            "--requests-per-minute",
            "8",
            cache: "memory"
        )
        #expect(origin(try await ask(server, ["max_tokens": 5])) == "miss")
        let long = try body(["seed": 7, "max_tokens": 900, "stream": true])
        async let running = server.post("/v1/completions", long)
        _ = try await server.status(within: .seconds(60)) { $0["running"] as? Int == 1 }
        #expect(try await server.post("/v1/completions", body(["seed": 8])).error["code"] as? String == "queue_full")
        #expect(origin(try await ask(server, ["max_tokens": 5])) == "hit")
        let shared = try await server.post("/v1/completions", long)
        #expect(origin(shared) == "shared")
        #expect(try await text(running) == text(shared))
        for _ in 0..<3 { #expect(origin(try await ask(server, ["max_tokens": 5])) == "hit") }
        // A place in the limit comes back every 7.5 s, which a busy machine may take for what was before.
        var refused = try await server.post("/v1/completions", body(["max_tokens": 5]))
        for _ in 0..<20 where refused.status == 200 {
            refused = try await server.post("/v1/completions", body(["max_tokens": 5]))
        }
        #expect(refused.error["code"] as? String == "rate_limit_exceeded")
    }

    @Test func finishesHitsAndSharedAnswersBeforeItEnds() async throws {
        let server = try await RunningServer(cache: "memory")
        let long = try body(["max_tokens": 900, "stream": true])
        let replies = try await withThrowingTaskGroup(of: Reply.self) { group in
            for _ in 0..<10 { group.addTask { try await server.post("/v1/completions", long) } }
            while try await cache(server, "shared") < 9 { try await Task.sleep(for: .milliseconds(5)) }
            server.terminate()
            return try await group.reduce(into: [Reply]()) { $0.append($1) }
        }
        #expect(replies.allSatisfy { $0.text.hasSuffix("data: [DONE]\n\n") && !$0.text.contains("\"error\"") })
        #expect(Set(replies.map(text)).count == 1)
        #expect(try await server.ended(within: .seconds(60)) == 0)
    }

    // MARK: - SQLite

    @Test func answersOutliveTheServer() async throws {
        let folder = try TemporaryFolder()
        let place = "sqlite:\(folder.path)/answers.sqlite"
        var server = try await RunningServer(cache: place)
        let miss = try await ask(server, ["stream": true])
        #expect(origin(miss) == "miss")
        server.terminate()
        #expect(try await server.ended(within: .seconds(60)) == 0)
        server = try await RunningServer(cache: place)
        let hit = try await askAgain(server, ["stream": true])
        #expect(origin(hit) == "hit")
        #expect(told(hit) == told(miss))
        // Another model, or the same one computed otherwise, has answers of its own.
        server = try await RunningServer("--quantize", "int8", cache: place)
        #expect(origin(try await ask(server)) == "miss")
    }

    /// An address that is wrong costs no request, and whoever reads the log knows of it.
    @Test func aRedisThatWasNeverThereIsSaidOnce() async throws {
        let server = try await RunningServer(cache: "redis://127.0.0.1:1")
        func said() -> Int { server.log.components(separatedBy: "redis is away").count - 1 }
        let deadline = ContinuousClock.now + .seconds(120)
        while said() == 0, .now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        // More tries to connect fail meanwhile.
        for _ in 0..<20 {
            #expect(origin(try await ask(server, ["max_tokens": 2])) == "miss")
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(said() == 1)
    }

    /// Killed in the middle of writing, again and again: nothing is lost that was told to be kept, nothing is damaged.
    @Test func answersOutliveAServerThatIsKilled() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/answers.sqlite"
        var kept: [Int: String] = [:]
        var unanswered = 0
        for round in 0..<4 {
            let server = try await RunningServer(
                "--max-sequences",
                "8",
                "--max-queued-requests",
                "400",
                cache: "sqlite:\(path)"
            )
            try await check(kept, on: server)
            let replies = await withTaskGroup(of: (Int, Reply?).self) { group in
                for seed in round * 1000..<round * 1000 + 400 {
                    group.addTask {
                        (seed, try? await server.post("/v1/completions", body(["seed": seed, "max_tokens": 3])))
                    }
                }
                var replies: [(Int, Reply?)] = []
                while let reply = await group.next() {
                    replies.append(reply)
                    if replies.count == 100 + round * 30 { server.kill() }
                }
                return replies
            }
            // What was answered well before the end has been kept by then.
            for (seed, reply) in replies.prefix(50) {
                let reply = try #require(reply)
                #expect(reply.status == 200)
                kept[seed] = text(reply)
            }
            unanswered += replies.count { $0.1 == nil }
        }
        #expect(unanswered > 0, "it was killed while it worked")
        let server = try await RunningServer(cache: "sqlite:\(path)")
        try await check(kept, on: server)
        #expect(!FileManager.default.fileExists(atPath: path + ".damaged"))
    }

    /// What was told before is told again, and nearly all of it has been kept.
    private func check(_ kept: [Int: String], on server: RunningServer) async throws {
        var hits = 0
        let some = kept.shuffled().prefix(20)
        for (seed, text) in some {
            let reply = try await ask(server, ["seed": seed, "max_tokens": 3])
            #expect(self.text(reply) == text)
            if origin(reply) == "hit" { hits += 1 }
        }
        // A busy machine may have given up on some.
        #expect(hits >= some.count * 3 / 4)
    }

    @Test func aDamagedFileIsSetAsideAndToldOf() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/answers.sqlite"
        do {
            let server = try await RunningServer(cache: "sqlite:\(path)")
            _ = try await ask(server, ["max_tokens": 2])
        }
        let header = try Array(Data(contentsOf: URL(fileURLWithPath: path)).prefix(100))
        for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        try folder.write(header + Array(repeating: 0x41, count: 8900), to: "answers.sqlite")
        let server = try await RunningServer(cache: "sqlite:\(path)")
        #expect(try await server.logs("damaged"))
        #expect(origin(try await ask(server, ["max_tokens": 2])) == "miss")
        #expect(origin(try await askAgain(server, ["max_tokens": 2])) == "hit")
        #expect(FileManager.default.contents(atPath: path + ".damaged")?.count == 9000)
    }

    // MARK: - Redis

    @Test(.enabled(if: RedisServer.isInstalled, "redis-server is not installed"))
    func serversShareAnswersThroughRedis() async throws {
        let redis = try RedisServer(["--requirepass", "open-sesame"])
        let url = "redis://:open-sesame@127.0.0.1:\(redis.port)/1"
        let servers = [try await RunningServer(cache: url), try await RunningServer(cache: url)]
        for server in servers { try await connected(server) }
        let miss = try await ask(servers[0])
        #expect(origin(miss) == "miss")
        // It is kept after it was told.
        _ = try await askAgain(servers[0])
        let hit = try await askAgain(servers[1])
        #expect(origin(hit) == "hit" && text(hit) == text(miss))
        #expect(servers.allSatisfy { !$0.log.contains("sesame") })
    }

    /// Redis dies, comes back, holds its breath and goes on while everybody asks: nobody fails, and nobody waits long.
    @Test(.enabled(if: RedisServer.isInstalled, "redis-server is not installed"))
    func whateverBecomesOfRedisNoRequestFails() async throws {
        let redis = try RedisServer()
        let server = try await RunningServer(cache: redis.url)
        try await connected(server)
        let begin = ContinuousClock.now
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for client in 0..<8 {
                group.addTask {
                    var count = 0
                    while ContinuousClock.now - begin < .seconds(4) {
                        // Some were asked before, some never.
                        let seed = client.isMultiple(of: 2) ? count % 5 : client * 100_000 + count
                        _ = try await ask(server, ["seed": seed, "max_tokens": 3])
                        count += 1
                    }
                    return count
                }
            }
            for step in [redis.kill, { try redis.start() }, redis.pause, redis.resume] as [() throws -> Void] {
                try await Task.sleep(for: .milliseconds(600))
                try step()
            }
            return try await group.reduce(0, +)
        }
        #expect(count > 20)
        #expect(try await cache(server, "errors") > 0)
        // It has come back by itself.
        try await connected(server)
        #expect(origin(try await askAgain(server, ["seed": 99, "max_tokens": 3])) == "hit")
        // And costs next to nothing when it is away.
        redis.kill()
        var (seed, shortest) = (1000, Duration.seconds(1000))
        let away = ContinuousClock.now
        // Whole requests, on a machine that is busy with other tests.
        while seed < 1020 || shortest >= .milliseconds(50) && .now - away < .seconds(120) {
            let before = ContinuousClock.now
            let reply = try await ask(server, ["seed": seed, "max_tokens": 1])
            #expect(origin(reply) == "miss")
            shortest = min(shortest, .now - before)
            seed += 1
        }
        #expect(shortest < .milliseconds(50))
    }

    private func connected(_ server: RunningServer) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        // Each time that it is there again is a line.
        let lines = { (word: String) in server.log.components(separatedBy: word).count }
        while lines("redis is there") <= lines("redis is away") {
            try #require(.now < deadline, "\(server.log)")
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
