import Foundation
import KongurTesting
import ModelHub
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import Testing

@Suite struct FileDownloadTests {
    private let commit = repository.commit
    private var pulled: String { "snapshots/\(commit)/model.safetensors" }
    private var incomplete: String { "blobs/\(repository.weightsEtag).incomplete" }

    /// A hub whose answer to a request for the weights is `change`d; attempt 0 is the first.
    private func hub(
        _ change: @escaping @Sendable (inout LocalServer.Reply, LocalServer.Request, _ attempt: Int) -> Void
    ) async throws -> LocalServer {
        try await LocalServer { request, earlier in
            var reply = repository.answer(request)
            if request.isDownloadOfWeights { change(&reply, request, earlier.count { $0.isDownloadOfWeights }) }
            return reply
        }
    }

    @Test func aDroppedConnectionIsResumedWhereItBroke() async throws {
        let hub = try await hub { reply, request, attempt in
            guard attempt < 3 else { return }
            let start = request.firstByte
            reply.body = [.bytes(Array(repository.weights[start..<start + 50_000])), .pause(.milliseconds(50)), .drop]
        }
        let cache = try TemporaryCache()
        _ = try await cache.client(hub).download(tinyModel())
        #expect(cache.bytes(pulled) == repository.weights)
        let starts = hub.requests.filter(\.isDownloadOfWeights).map(\.firstByte)
        // What the client had not read when the connection broke is lost, so each attempt starts somewhere in the last.
        #expect(starts.count == 4 && starts.first == 0)
        #expect(zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 && $1 <= $0 + 50_000 })
        await hub.stop()
    }

    @Test func anInterruptedPullIsResumedByTheNext() async throws {
        let hub = try await hub { _, _, _ in }
        let cache = try TemporaryCache()
        try cache.leave(repository.weights.prefix(123_456), of: repository.weightsEtag)
        _ = try await cache.client(hub).download(tinyModel())
        #expect(cache.bytes(pulled) == repository.weights)
        #expect(hub.requests.filter(\.isDownloadOfWeights).map(\.firstByte) == [123_456])
        await hub.stop()
    }

    @Test func cancellingLeavesWhatHasArrived() async throws {
        let hub = try await hub { reply, request, attempt in
            guard attempt == 0 else { return }
            reply.body = [.bytes(Array(repository.weights.prefix(70_000))), .pause(.seconds(60))]
        }
        let cache = try TemporaryCache()
        let client = try cache.client(hub)
        let task = Task { try await failure(client) }
        while (cache.bytes(incomplete)?.count ?? 0) < 70_000 { try await Task.sleep(for: .milliseconds(10)) }
        task.cancel()
        #expect(try await task.value?.code == .cancelled)
        #expect(cache.bytes(incomplete) == Array(repository.weights.prefix(70_000)))
        #expect(client.cache.snapshot(of: try tinyModel()) == nil)

        _ = try await client.download(tinyModel())
        #expect(cache.bytes(pulled) == repository.weights)
        #expect(hub.requests.filter(\.isDownloadOfWeights).map(\.firstByte) == [0, 70_000])
        #expect(cache.names("blobs").allSatisfy { !$0.contains("incomplete") })
        await hub.stop()
    }

    @Test func aServerWithoutRangesStartsAgain() async throws {
        let hub = try await hub { reply, _, _ in
            reply.status = .ok
            reply.headers = [("Content-Length", String(repository.weights.count))]
            reply.body = [.bytes(repository.weights)]
        }
        let cache = try TemporaryCache()
        try cache.leave(repository.weights.prefix(99), of: repository.weightsEtag)
        _ = try await cache.client(hub).download(tinyModel())
        #expect(cache.bytes(pulled) == repository.weights)
        await hub.stop()
    }

    @Test func anotherRangeThanAskedForIsNotUsed() async throws {
        let hub = try await hub { reply, _, attempt in
            guard attempt == 0 else { return }
            reply.headers = [("Content-Range", "bytes 7-299999/300000"), ("Content-Length", "299993")]
            reply.body = [.bytes(Array(repository.weights[7...]))]
        }
        let cache = try TemporaryCache()
        try cache.leave(repository.weights.prefix(99), of: repository.weightsEtag)
        _ = try await cache.client(hub).download(tinyModel())
        #expect(cache.bytes(pulled) == repository.weights)
        await hub.stop()
    }

    @Test(arguments: [100, 300_000, 400_000])
    func aDamagedLeftoverIsReplaced(count: Int) async throws {
        let hub = try await hub { _, _, _ in }
        let cache = try TemporaryCache()
        try cache.leave([UInt8](repeating: 0xEE, count: count), of: repository.weightsEtag)
        _ = try await cache.client(hub).download(tinyModel())
        #expect(cache.bytes(pulled) == repository.weights)
        await hub.stop()
    }

    @Test(arguments: ["model.safetensors", "config.json"])
    func wrongContentNeverGetsItsName(file: String) async throws {
        let hub = try await LocalServer { request, _ in
            var reply = repository.answer(request)
            if request.method == "GET", request.path.hasSuffix(file) {
                var bytes = repository.files[file] ?? []
                bytes[bytes.count / 2] ^= 1
                reply.body = [.bytes(bytes)]
            }
            return reply
        }
        let cache = try TemporaryCache()
        let client = try cache.client(hub)
        let error = try #require(await failure(client))
        #expect(error.code == .checksumMismatch)
        #expect(error.message.contains(file) && error.message.contains(repository.etag(file)))
        #expect(!cache.names("blobs").contains { $0.hasPrefix(repository.etag(file)) })
        #expect(cache.names("refs").isEmpty)
        #expect(client.cache.snapshot(of: try tinyModel()) == nil)
        await hub.stop()
    }

    @Test func anotherSizeThanAnnouncedIsRefused() async throws {
        for change in [-1, 1] {
            let hub = try await hub { reply, _, _ in
                let bytes = change < 0 ? Array(repository.weights.dropLast()) : repository.weights + [0]
                reply.headers = [("Content-Length", String(bytes.count))]
                reply.body = [.bytes(bytes)]
            }
            let cache = try TemporaryCache()
            let error = try #require(await failure(cache.client(hub)))
            #expect(error.code == .sizeMismatch)
            #expect(error.message.contains("300000"))
            await hub.stop()
        }
    }

    @Test func anEndlessBodyIsCutOff() async throws {
        let hub = try await hub { reply, _, _ in
            reply.headers = []
            reply.body = Array(repeating: .bytes([UInt8](repeating: 1, count: 100_000)), count: 40)
        }
        let cache = try TemporaryCache()
        #expect(try await failure(cache.client(hub))?.code == .sizeMismatch)
        #expect((cache.bytes(incomplete)?.count ?? 0) <= 300_000)
        await hub.stop()
    }

    @Test func aBodyThatEndsEarlyIsContinued() async throws {
        let hub = try await hub { reply, request, attempt in
            guard attempt == 0 else { return }
            reply.headers = []
            reply.body = [.bytes(Array(repository.weights.prefix(1000)))]
        }
        let cache = try TemporaryCache()
        _ = try await cache.client(hub).download(tinyModel())
        #expect(cache.bytes(pulled) == repository.weights)
        #expect(hub.requests.filter(\.isDownloadOfWeights).map(\.firstByte) == [0, 1000])
        await hub.stop()
    }

    @Test func aSlowServerIsWaitedForAndASilentOneIsNot() async throws {
        let hub = try await hub { reply, request, attempt in
            let rest = Array(repository.weights[request.firstByte...])
            if attempt == 0 {
                reply.body = [.bytes(Array(rest.prefix(10))), .pause(.seconds(60)), .bytes(Array(rest.dropFirst(10)))]
            } else {
                reply.body = [.bytes(Array(rest.dropLast(6)))]
                for byte in rest.suffix(6) { reply.body += [.pause(.milliseconds(250)), .bytes([byte])] }
            }
        }
        let cache = try TemporaryCache()
        var configuration = try cache.client(hub).configuration
        configuration.idleTimeout = .seconds(15)
        _ = try await HubClient(configuration: configuration).download(tinyModel())
        #expect(cache.bytes(pulled) == repository.weights)
        #expect(hub.requests.filter(\.isDownloadOfWeights).map(\.firstByte).prefix(2) == [0, 10])
        await hub.stop()
    }

    @Test func aServerThatAlwaysDropsIsGivenUp() async throws {
        let hub = try await hub { reply, request, _ in
            let start = request.firstByte
            reply.body = [.bytes(Array(repository.weights[start..<start + 10])), .pause(.milliseconds(30)), .drop]
        }
        let cache = try TemporaryCache()
        let error = try #require(await failure(cache.client(hub)))
        #expect(error.code == .connectionLost)
        #expect(error.message.contains("4 attempts"))
        #expect(cache.bytes(incomplete) == Array(repository.weights.prefix(40)))
        await hub.stop()
    }
}
