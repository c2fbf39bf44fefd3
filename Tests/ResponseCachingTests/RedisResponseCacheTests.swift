import Foundation
import KongurTesting
import Logging
import Testing

@testable import ResponseCaching

@Suite(.serialized, .enabled(if: RedisServer.isInstalled, "redis-server is not installed"))
struct RedisResponseCacheTests {
    private func key(_ number: Int) -> CacheKey { CacheKey(["number": number]) }

    private func value(_ number: Int) -> [UInt8] { Array("answer \(number)\r\n\0".utf8) }

    /// A cache that has found its server.
    ///
    /// A machine that is busy with other tests needs patience.
    private func cache(_ url: String, patience: Duration = .seconds(60)) async throws -> RedisResponseCache {
        let cache = RedisResponseCache(try RedisAddress(parsing: url), patience: patience, logger: Logger.silent)
        try await comeBack(cache)
        return cache
    }

    private func comeBack(_ cache: RedisResponseCache) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while !cache.isAvailable {
            try #require(.now < deadline, "the cache does not come back")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Another program's words to the server, on a connection of its own.
    private func tell(_ server: RedisServer, _ words: [String]) throws {
        let deadline = ContinuousClock.now + .seconds(60)
        let connection = try RedisConnection(RedisAddress(parsing: server.url), until: deadline)
        let replies = try connection.run([RedisCommand(words)], until: deadline)
        if case .failure(let reason)? = replies.first { Issue.record("\(words): \(reason)") }
    }

    @Test func serversShareAnswers() async throws {
        let server = try RedisServer()
        let (one, other) = (try await cache(server.url), try await cache("unix://\(server.socket)"))
        #expect(try await one.value(for: key(1)) == nil)
        try await one.setValue(value(1), for: key(1), expiresIn: nil)
        #expect(try await other.value(for: key(1)) == value(1))
        // Long, empty, and of bytes that mean something to the protocol.
        let long = [UInt8]((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        for value in [long, [], Array("$5\r\n*-1\r\n+OK\r\n".utf8)] {
            try await other.setValue(value, for: key(2), expiresIn: .seconds(100))
            #expect(try await one.value(for: key(2)) == value)
        }
        try await one.removeValue(for: key(2))
        #expect(try await other.value(for: key(2)) == nil)
        try await one.setValue(value(3), for: key(3), expiresIn: .milliseconds(1))
        try await Task.sleep(for: .milliseconds(20))
        #expect(try await other.value(for: key(3)) == nil)
    }

    @Test func manyAskAtOnce() async throws {
        let server = try RedisServer()
        let cache = try await cache(server.url)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<300 {
                group.addTask {
                    try await cache.setValue(value(number), for: key(number), expiresIn: nil)
                    #expect(try await cache.value(for: key(number)) == value(number))
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func passwordsAndDatabases() async throws {
        let server = try RedisServer(["--requirepass", "open sesame"])
        let address = "127.0.0.1:\(server.port)"
        let (first, second) = (
            try await cache("redis://:open%20sesame@\(address)"),
            try await cache("redis://default:open%20sesame@\(address)/2")
        )
        try await first.setValue(value(1), for: key(1), expiresIn: nil)
        #expect(try await second.value(for: key(1)) == nil)
        let third = try await cache("unix://\(server.socket)?db=2&password=open%20sesame")
        try await second.setValue(value(2), for: key(1), expiresIn: nil)
        #expect(try await third.value(for: key(1)) == value(2))
        // Whoever is not let in has no cache, and is told why.
        let closed = RedisResponseCache(try RedisAddress(parsing: server.url), logger: Logger.silent)
        let deadline = ContinuousClock.now + .seconds(120)
        var error: CacheError?
        while error?.code != .refused, .now < deadline {
            try await Task.sleep(for: .milliseconds(20))
            error = await #expect(throws: CacheError.self) { try await closed.value(for: key(1)) }
        }
        #expect(error?.message.contains("NOAUTH") == true)
    }

    @Test func aServerThatIsKilledCostsNothingAndComesBack() async throws {
        let server = try RedisServer()
        let cache = try await cache(server.url)
        for round in 0..<3 {
            try await cache.setValue(value(round), for: key(round), expiresIn: nil)
            server.kill()
            for _ in 0..<20 {
                await #expect(throws: CacheError.self) { try await cache.value(for: key(round)) }
                await #expect(throws: CacheError.self) {
                    try await cache.setValue([1], for: key(round), expiresIn: nil)
                }
                try await Task.sleep(for: .milliseconds(5))
            }
            let wait = await shortest(below: .milliseconds(10)) { _ = try? await cache.value(for: key(round)) }
            #expect(wait < .milliseconds(10))
            try server.start()
            try await comeBack(cache)
            // It lost what it had; that is a miss.
            #expect(try await cache.value(for: key(round)) == nil)
        }
    }

    @Test func aServerThatRestartsBetweenTwoRequestsIsNotMissed() async throws {
        let server = try RedisServer()
        let cache = try await cache(server.url)
        try await cache.setValue(value(1), for: key(1), expiresIn: nil)
        server.kill()
        try server.start()
        #expect(try await cache.value(for: key(1)) == nil)
        try await cache.setValue(value(1), for: key(1), expiresIn: nil)
        #expect(try await cache.value(for: key(1)) == value(1))
    }

    /// A paused server keeps its connections: only time tells.
    @Test func aServerThatHoldsItsBreathIsWaitedForOnce() async throws {
        let server = try RedisServer()
        let cache = try await cache(server.url, patience: Patience.usual)
        let patient = try await self.cache(server.url)
        try await patient.setValue(value(1), for: key(1), expiresIn: nil)
        let begin = ContinuousClock.now
        var waits: [Duration] = []
        repeat {
            try await comeBack(cache)
            server.pause()
            let before = ContinuousClock.now
            // All that ask at once wait side by side, not one after the other.
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    group.addTask { await #expect(throws: CacheError.self) { try await cache.value(for: key(number)) } }
                }
            }
            waits.append(.now - before)
            // And those after them do not wait at all.
            let after = await shortest(below: .milliseconds(10)) { _ = try? await cache.value(for: key(1)) }
            #expect(after < .milliseconds(10))
            try await Task.sleep(for: .milliseconds(200))
            #expect(!cache.isAvailable)
            server.resume()
            // A machine that is busy may add to any of them.
        } while waits.count < 3 || (waits.min() ?? .zero) >= .milliseconds(50) && .now - begin < .seconds(120)
        #expect(waits.min() ?? .zero < .milliseconds(50))
        // Replies of before the pause are nobody's.
        try await comeBack(patient)
        #expect(try await patient.value(for: key(1)) == value(1))
    }

    @Test func wrongAndForeignValuesAreNoAnswers() async throws {
        let server = try RedisServer()
        let cache = try await cache(server.url)
        try await cache.setValue(value(1), for: key(1), expiresIn: nil)
        for words in [
            ["SET", "kongur:answer:\(key(2))", "rubbish"],
            ["SET", "kongur:answer:\(key(2))", ""],
            ["COPY", "kongur:answer:\(key(1))", "kongur:answer:\(key(2))", "REPLACE"],
            ["SETRANGE", "kongur:answer:\(key(2))", "40", "!"],
        ] {
            try tell(server, words)
            let error = await #expect(throws: CacheError.self) { try await cache.value(for: key(2)) }
            #expect(error?.code == .damaged)
            #expect(cache.isAvailable)
        }
        try tell(server, ["DEL", "kongur:answer:\(key(2))"])
        try tell(server, ["LPUSH", "kongur:answer:\(key(2))", "no text"])
        await #expect(throws: CacheError.self) { try await cache.value(for: key(2)) }
        try await comeBack(cache)
        #expect(try await cache.value(for: key(1)) == value(1))
    }

    @Test func aFullServerStillAnswers() async throws {
        let server = try RedisServer()
        let cache = try await cache(server.url)
        try await cache.setValue(value(1), for: key(1), expiresIn: nil)
        try tell(server, ["CONFIG", "SET", "maxmemory", "1"])
        let error = await #expect(throws: CacheError.self) {
            try await cache.setValue(value(2), for: key(2), expiresIn: nil)
        }
        #expect(error?.code == .refused)
        #expect(try await cache.value(for: key(1)) == value(1))
    }

    /// What a server can do that is none: each must cost no time, no memory, and no wrong answer.
    private static let lies: [(name: String, answer: @Sendable (Int32) -> Void)] = [
        ("rubbish", { FalseServer.write($0, Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)) }),
        ("silence", { while FalseServer.read($0) {} }),
        ("the end", { _ = FalseServer.read($0) }),
        ("always OK", { while FalseServer.read($0) { FalseServer.write($0, Array("+OK\r\n".utf8)) } }),
        ("a number", { while FalseServer.read($0) { FalseServer.write($0, Array(":1\r\n".utf8)) } }),
        ("too many replies", { while FalseServer.read($0) { FalseServer.write($0, Array("$-1\r\n+OK\r\n".utf8)) } }),
        (
            "a list of a billion",
            { while FalseServer.read($0) { FalseServer.write($0, Array("*1000000000\r\n".utf8)) } }
        ),
        (
            "lists in lists",
            {
                let deep = Array(String(repeating: "*1\r\n", count: 10_000).utf8)
                while FalseServer.read($0) { FalseServer.write($0, deep) }
            }
        ),
        (
            "a reply without end",
            {
                _ = FalseServer.read($0)
                FalseServer.write($0, Array("$4000000000\r\n".utf8))
                while FalseServer.write($0, [UInt8](repeating: 65, count: 1 << 20)) {}
            }
        ),
        (
            "drop by drop",
            {
                _ = FalseServer.read($0)
                FalseServer.write($0, Array("$1000\r\n".utf8))
                while FalseServer.write($0, [65]) { usleep(10_000) }
            }
        ),
        ("an error", { while FalseServer.read($0) { FalseServer.write($0, Array("-LOADING not now\r\n".utf8)) } }),
    ]

    @Test(arguments: lies.map(\.name)) func aServerThatLiesIsNoCache(_ name: String) async throws {
        let answer = try #require(Self.lies.first { $0.name == name }?.answer)
        let server = try FalseServer(answer)
        let cache = RedisResponseCache(try RedisAddress(parsing: server.url), logger: Logger.silent)
        var longest = Duration.zero
        let deadline = ContinuousClock.now + .milliseconds(500)
        while .now < deadline {
            let begin = ContinuousClock.now
            if let value = try? await cache.value(for: key(1)) { Issue.record("made up: \(value.count) bytes") }
            try? await cache.setValue(value(1), for: key(1), expiresIn: nil)
            longest = max(longest, .now - begin)
            try await Task.sleep(for: .milliseconds(10))
        }
        // Two calls of 40 ms, on a machine that may be busy with other tests; a server that is believed holds up for ever.
        #expect(longest < .seconds(120))
    }

    @Test func aServerThatBeginsToLieIsNoCache() async throws {
        // Says that there is nothing as long as it is asked by a single word, and then anything.
        let server = try FalseServer { connection in
            guard FalseServer.read(connection) else { return }
            FalseServer.write(connection, Array("$-1\r\n".utf8))
            while FalseServer.read(connection) { FalseServer.write(connection, Array("+surprise\r\n".utf8)) }
        }
        let cache = try await cache(server.url)
        for _ in 0..<10 {
            #expect((try? await cache.value(for: key(1))) == nil)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test func addresses() throws {
        let address = try RedisAddress(parsing: "redis://ann:pass%2Fword@cache.example:7000/3")
        #expect(address.endpoint == .tcp(host: "cache.example", port: 7000))
        #expect(address.user == "ann" && address.password == "pass/word" && address.database == 3)
        #expect(!address.description.contains("pass"))
        #expect(try RedisAddress(parsing: "redis://[::1]").endpoint == .tcp(host: "::1", port: 6379))
        let socket = try RedisAddress(parsing: "unix:///run/redis.sock?db=1")
        #expect(socket.endpoint == .unix(path: "/run/redis.sock") && socket.database == 1)
        for text in [
            "redis://", "redis://host/x", "redis://host/-1", "rediss://host", "http://host", "unix://relative",
            "unix:///",
            "redis://host:99999", "redis://host?x=1", "",
        ] {
            let error = #expect(throws: CacheError.self, "\(text)") { try RedisAddress(parsing: text) }
            #expect(error?.code == .invalidLocation)
        }
        #expect(throws: CacheError.self) { try CacheLocation(parsing: "sqlite:") }
        #expect(throws: CacheError.self) { try CacheLocation(parsing: "disk") }
        #expect(try CacheLocation(parsing: "sqlite:/a b").description == "sqlite:/a b")
        #expect(try CacheLocation(parsing: "off") == .off)
    }
}
