import Foundation
import ModelHub
import Testing

@Suite struct HubCacheTests {
    /// A snapshot as the Python tools leave it, without blobs.
    private func write(_ files: [String: String], to cache: TemporaryCache) throws {
        for (file, text) in files {
            let path = URL(fileURLWithPath: cache.path(file))
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: path)
        }
    }

    private func snapshot(_ cache: TemporaryCache, revision: String = "main") throws -> String? {
        HubCache(folder: cache.folder).snapshot(of: try tinyModel(), revision: revision)
    }

    @Test func onlyAWholeSnapshotIsFound() throws {
        let cache = try TemporaryCache()
        let folder = "snapshots/\(repository.commit)"
        #expect(try snapshot(cache) == nil)
        try write(["refs/main": repository.commit, "\(folder)/config.json": "{}"], to: cache)
        #expect(try snapshot(cache) == nil)
        let index = #"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}"#
        try write(["\(folder)/model.safetensors.index.json": index, "\(folder)/model-1.safetensors": ""], to: cache)
        #expect(try snapshot(cache) == nil)
        try write(["\(folder)/model-2.safetensors": ""], to: cache)
        #expect(try snapshot(cache) == cache.path(folder))
        #expect(try snapshot(cache, revision: repository.commit) == cache.path(folder))
        #expect(try snapshot(cache, revision: "other") == nil)
        try FileManager.default.createSymbolicLink(
            atPath: cache.path("\(folder)/vocab.json"),
            withDestinationPath: "../../blobs/gone"
        )
        #expect(try snapshot(cache) == nil)
    }

    @Test(arguments: ["", "../../../etc", "main", String(repeating: "f", count: 5000)])
    func aReferenceThatIsNoCommitIsIgnored(text: String) throws {
        let cache = try TemporaryCache()
        try write(["refs/main": text], to: cache)
        #expect(try snapshot(cache) == nil)
    }

    @Test func aRevisionCannotLeadOutOfTheCache() throws {
        let cache = try TemporaryCache()
        #expect(try snapshot(cache, revision: "../../../etc/passwd") == nil)
    }

    @Test func aLockWaitsForTheOther() async throws {
        let cache = try TemporaryCache()
        let path = cache.folder + "/lock"
        let order = Order()
        let first = try await FileLock(path) {}
        let second = Task {
            let lock = try await FileLock(path) { order.add("waits") }
            order.add("has")
            _ = consume lock
        }
        while order.all.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        order.add("released")
        _ = consume first
        try await second.value
        #expect(order.all == ["waits", "released", "has"])
    }

    private final class Order: @unchecked Sendable {
        private let lock = NSLock()
        private var events: [String] = []
        func add(_ event: String) { lock.withLock { events.append(event) } }
        var all: [String] { lock.withLock { events } }
    }
}
