import Foundation
import KongurTesting
import ModelHub
import NIOCore
import NIOHTTP1
import Testing

@Suite struct HubAnswersTests {
    struct Refusal: Sendable {
        var status: HTTPResponseStatus
        var errorCode: String?
        var token: String?
        var code: HubError.Code
        var says: String
    }

    static let refusals = [
        Refusal(status: .unauthorized, code: .unauthorized, says: "set HF_TOKEN"),
        Refusal(status: .unauthorized, token: "hf_old", code: .unauthorized, says: "refuses the token"),
        Refusal(status: .unauthorized, errorCode: "GatedRepo", code: .gated, says: "accept its terms"),
        Refusal(status: .forbidden, errorCode: "GatedRepo", token: "hf_t", code: .gated, says: "accept its terms"),
        Refusal(status: .forbidden, token: "hf_t", code: .forbidden, says: "permission"),
        Refusal(status: .notFound, errorCode: "RepoNotFound", code: .repositoryNotFound, says: "check the name"),
        Refusal(status: .notFound, errorCode: "RevisionNotFound", code: .revisionNotFound, says: "check the revision"),
        Refusal(status: .notFound, code: .repositoryNotFound, says: "check the name"),
        Refusal(status: .imATeapot, code: .invalidResponse, says: "HF_ENDPOINT"),
    ]

    @Test(arguments: refusals)
    func aRefusalSaysWhatToDo(_ refusal: Refusal) async throws {
        let hub = try await LocalServer { _, _ in
            var reply = LocalServer.Reply(status: refusal.status, headers: [("Content-Length", "0")])
            if let code = refusal.errorCode { reply.headers.append(("X-Error-Code", code)) }
            reply.headers.append(("X-Error-Message", "because"))
            return reply
        }
        let cache = try TemporaryCache()
        let error = try #require(await failure(cache.client(hub, token: refusal.token)))
        await hub.stop()
        #expect(error.code == refusal.code)
        #expect(error.message.contains(refusal.says), "\(error.message)")
        #expect(error.message.contains("because"))
        #expect(hub.requests.count == 1)
        if let token = refusal.token { #expect(!error.description.contains(token)) }
    }

    @Test(arguments: [
        HTTPResponseStatus.tooManyRequests, .internalServerError, .badGateway, .serviceUnavailable, .requestTimeout,
    ])
    func aPassingFailureIsTriedAgain(status: HTTPResponseStatus) async throws {
        let hub = try await LocalServer { request, earlier in
            earlier.count { $0.path == request.path && $0.method == request.method } < 2
                ? .init(status: status, headers: [("Content-Length", "0")]) : repository.answer(request)
        }
        let cache = try TemporaryCache()
        _ = try await cache.client(hub).download(tinyModel())
        #expect(cache.bytes("snapshots/\(repository.commit)/model.safetensors") == repository.weights)
        await hub.stop()
    }

    @Test func aServerThatAsksToWaitIsGivenTheTime() async throws {
        let hub = try await LocalServer { request, earlier in
            earlier.isEmpty
                ? .init(status: .tooManyRequests, headers: [("Retry-After", "1")]) : repository.answer(request)
        }
        let cache = try TemporaryCache()
        let start = ContinuousClock.now
        _ = try await cache.client(hub).download(tinyModel())
        #expect(ContinuousClock.now - start >= .seconds(1))
        await hub.stop()
    }

    @Test func aServerThatAsksToWaitForHoursIsGivenUp() async throws {
        let hub = try await LocalServer { _, _ in .init(status: .tooManyRequests, headers: [("Retry-After", "7200")]) }
        let cache = try TemporaryCache()
        let error = try #require(await failure(cache.client(hub)))
        #expect(error.code == .rateLimited)
        #expect(error.message.contains("7200 s"))
        #expect(hub.requests.count == 1)
        await hub.stop()
    }

    @Test func aServerThatStaysBrokenIsGivenUp() async throws {
        let hub = try await LocalServer { _, _ in .init(status: .internalServerError) }
        let cache = try TemporaryCache()
        #expect(try await failure(cache.client(hub))?.code == .serverFailed)
        #expect(hub.requests.count == 4)
        await hub.stop()
    }

    @Test func aSignedAddressThatHasRunOutIsAskedForAgain() async throws {
        let store = try await LocalServer { request, earlier in
            guard !earlier.isEmpty else { return .init(status: .forbidden) }
            var inner = request
            inner.path = "/\(repository.name)/resolve/\(repository.commit)/model.safetensors"
            return repository.answer(inner)
        }
        let hub = try await LocalServer { request, _ in
            request.isDownloadOfWeights ? .redirect(store.address) : repository.answer(request)
        }
        let cache = try TemporaryCache()
        _ = try await cache.client(hub).download(tinyModel())
        #expect(cache.bytes("snapshots/\(repository.commit)/model.safetensors") == repository.weights)
        await hub.stop()
        await store.stop()
    }

    @Test func anAnswerWithoutEndIsCutOff() async throws {
        let hub = try await LocalServer { _, _ in
            .init(body: Array(repeating: .bytes([UInt8](repeating: 0x5B, count: 1 << 20)), count: 20))
        }
        let cache = try TemporaryCache()
        let error = try #require(await failure(cache.client(hub)))
        #expect(error.code == .invalidResponse)
        #expect(error.message.contains("16 MiB"))
        await hub.stop()
    }

    @Test func anAnswerThatDripsForEverIsCutOff() async throws {
        let hub = try await LocalServer { _, _ in
            .init(body: (0..<6000).flatMap { _ in [.bytes([0x20]), .pause(.milliseconds(50))] as [LocalServer.Piece] })
        }
        let cache = try TemporaryCache()
        var configuration = try cache.client(hub).configuration
        configuration.answerTimeout = .milliseconds(300)
        configuration.retry.maximumFailures = 1
        #expect(try await failure(HubClient(configuration: configuration))?.code == .timedOut)
        await hub.stop()
    }

    @Test(
        arguments: [
            ("X-Repo-Commit", nil), ("X-Repo-Commit", "ffffffffffffffffffffffffffffffffffffffff"),
            ("X-Linked-Etag", "../../etc"),
            ("X-Linked-Etag", ".hidden"), ("X-Linked-Etag", String(repeating: "a", count: 300)),
            ("X-Linked-Size", "-5"),
            ("X-Linked-Size", "99999999999999999999"), ("X-Linked-Etag", "a.incomplete"),
        ] as [(String, String?)]
    )
    func aFileDescribedWronglyIsRefused(header: String, value: String?) async throws {
        let hub = try await LocalServer { request, _ in
            var reply = repository.answer(request)
            guard request.isForWeights else { return reply }
            reply.headers.removeAll { $0.0 == header }
            if let value { reply.headers.append((header, value)) }
            return reply
        }
        let cache = try TemporaryCache()
        let error = try #require(await failure(cache.client(hub)))
        #expect(error.code == .invalidResponse)
        #expect(error.message.contains("model.safetensors"))
        await hub.stop()
    }
}
