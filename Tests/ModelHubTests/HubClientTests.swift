import Foundation
import KongurTesting
import ModelHub
import NIOConcurrencyHelpers
import NIOCore
import Testing

@Suite struct HubClientTests {
    @Test func aPullHasTheLayoutOfThePythonTools() async throws {
        let hub = try await LocalServer { request, _ in repository.answer(request) }
        let cache = try TemporaryCache()
        let client = try cache.client(hub)
        let snapshot = try await client.download(tinyModel())
        await hub.stop()

        #expect(snapshot == cache.path("snapshots/\(repository.commit)"))
        #expect(cache.bytes("refs/main") == Array(repository.commit.utf8))
        #expect(cache.names("refs") == ["main"])
        let files = ["config.json", "model.safetensors", "tokenizer.json"]
        #expect(cache.names("snapshots/\(repository.commit)") == files)
        #expect(cache.names("blobs") == files.map(repository.etag).sorted())
        for file in files {
            #expect(cache.bytes("snapshots/\(repository.commit)/\(file)") == repository.files[file])
            let link = try FileManager.default.destinationOfSymbolicLink(atPath: "\(snapshot)/\(file)")
            #expect(link == "../../blobs/\(repository.etag(file))")
        }
        #expect(client.cache.snapshot(of: try tinyModel()) == snapshot)
    }

    @Test func templatesOfASubfolderAreLinkedAsThePythonToolsLinkThem() async throws {
        var withTemplate = repository
        let file = "additional_chat_templates/tool_use.jinja"
        withTemplate.files[file] = Array("{{ messages }}".utf8)
        let hub = try await LocalServer { [withTemplate] request, _ in withTemplate.answer(request) }
        let cache = try TemporaryCache()
        let snapshot = try await cache.client(hub).download(tinyModel())
        await hub.stop()
        let link = try FileManager.default.destinationOfSymbolicLink(atPath: "\(snapshot)/\(file)")
        #expect(link == "../../../blobs/\(withTemplate.etag(file))")
        #expect(FileManager.default.contents(atPath: "\(snapshot)/\(file)") == Data("{{ messages }}".utf8))
    }

    @Test func aSecondPullTransfersNoFile() async throws {
        let hub = try await LocalServer { request, _ in repository.answer(request) }
        let cache = try TemporaryCache()
        _ = try await cache.client(hub).download(tinyModel())
        let before = hub.requests.count
        let phases = NIOLockedValueBox<Set<String>>([])
        _ = try await cache.client(hub).download(tinyModel()) { progress in
            phases.withLockedValue { _ = $0.insert("\(progress.phase)") }
        }
        #expect(hub.requests[before...].allSatisfy { !$0.path.contains("resolve") || $0.method == "HEAD" })
        #expect(phases.withLockedValue { $0 } == ["cached"])
        await hub.stop()
    }

    @Test func offlineFindsWhatWasPulledAndSaysWhatWasNot() async throws {
        let hub = try await LocalServer { request, _ in repository.answer(request) }
        let cache = try TemporaryCache()
        var configuration = try cache.client(hub).configuration
        configuration.isOffline = true
        let error = try #require(await failure(HubClient(configuration: configuration)))
        #expect(error.code == .offline)
        #expect(error.message.contains("HF_HUB_OFFLINE"))

        let snapshot = try await cache.client(hub).download(tinyModel())
        let count = hub.requests.count
        #expect(try await HubClient(configuration: configuration).download(tinyModel()) == snapshot)
        #expect(hub.requests.count == count)
        await hub.stop()
    }

    @Test func documentationIsPulledOnRequest() async throws {
        let hub = try await LocalServer { request, _ in repository.answer(request) }
        let cache = try TemporaryCache()
        var configuration = try cache.client(hub).configuration
        configuration.includesDocumentation = true
        _ = try await HubClient(configuration: configuration).download(tinyModel())
        #expect(cache.bytes("snapshots/\(repository.commit)/README.md") == repository.files["README.md"])
        await hub.stop()
    }

    @Test func aCommitOrABranchWithSlashesCanBePulled() async throws {
        let hub = try await LocalServer { request, _ in repository.answer(request) }
        let cache = try TemporaryCache()
        let client = try cache.client(hub)
        _ = try await client.download(tinyModel(), revision: repository.commit)
        #expect(cache.names("refs").isEmpty)
        _ = try await client.download(tinyModel(), revision: "refs/pr/1")
        #expect(hub.requests.contains { $0.path.hasSuffix("/revision/refs%2Fpr%2F1") })
        #expect(cache.bytes("refs/refs/pr/1") == Array(repository.commit.utf8))
        #expect(client.cache.snapshot(of: try tinyModel(), revision: "refs/pr/1") != nil)
        await hub.stop()
    }

    @Test func twoPullsAtOnceTransferEachFileOnce() async throws {
        let hub = try await LocalServer { request, _ in
            var reply = repository.answer(request)
            if request.isDownloadOfWeights { reply.body.insert(.pause(.milliseconds(300)), at: 0) }
            return reply
        }
        let cache = try TemporaryCache()
        let client = try cache.client(hub)
        async let first = client.download(tinyModel())
        async let second = client.download(tinyModel())
        let snapshots = try await [first, second]
        #expect(snapshots[0] == snapshots[1])
        #expect(cache.bytes("snapshots/\(repository.commit)/model.safetensors") == repository.weights)
        #expect(hub.requests.count { $0.isDownloadOfWeights } == 1)
        await hub.stop()
    }

    @Test func progressAddsUpAndNeverGoesBack() async throws {
        let hub = try await LocalServer { request, _ in repository.answer(request) }
        let cache = try TemporaryCache()
        let seen = NIOLockedValueBox<[DownloadProgress]>([])
        _ = try await cache.client(hub).download(tinyModel()) { progress in seen.withLockedValue { $0.append(progress) }
        }
        await hub.stop()
        let all = seen.withLockedValue { $0 }
        let total = ["config.json", "model.safetensors", "tokenizer.json"].reduce(0) {
            $0 + (repository.files[$1]?.count ?? 0)
        }
        #expect(all.allSatisfy { $0.overallTotalByteCount == total })
        #expect(all.map(\.overallByteCount).max() == total)
        let weights = all.filter { $0.file == "model.safetensors" }
        #expect(zip(weights, weights.dropFirst()).allSatisfy { $0.byteCount <= $1.byteCount })
        #expect(weights.last?.phase == .verified)
        #expect(weights.contains { $0.phase == .verifying })
    }

    @Test func aHubThatIsNotThereIsToldFromABadName() async throws {
        let hub = try await LocalServer { request, _ in repository.answer(request) }
        let cache = try TemporaryCache()
        let client = try cache.client(hub)
        await hub.stop()
        let error = try #require(await failure(client))
        #expect(error.code == .unreachable)
        #expect(error.message.contains("HF_ENDPOINT") && error.message.contains(hub.address))
        #expect(error.message.contains("4 attempts"))
    }

    @Test func aModelThatDoesNotFitIsRefusedBeforeAnyTransfer() async throws {
        let hub = try await LocalServer { request, _ in
            var reply = repository.answer(request)
            if request.isForWeights {
                reply.headers = reply.headers.map { $0.0 == "X-Linked-Size" ? ($0.0, "4611686018427387904") : $0 }
            }
            return reply
        }
        let cache = try TemporaryCache()
        let error = try #require(await failure(cache.client(hub)))
        #expect(error.code == .noSpace)
        #expect(error.message.contains(cache.folder))
        #expect(!hub.requests.contains { $0.method == "GET" && $0.path.contains("resolve") })
        await hub.stop()
    }
}
