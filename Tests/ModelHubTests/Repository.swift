import Crypto
import Foundation
import KongurTesting
import ModelHub
import NIOHTTP1
import Testing

/// A model as a well-behaved hub serves it.
struct Repository: Sendable {
    let name = "someone/tiny-model"
    let commit = "0123456789abcdef0123456789abcdef01234567"
    var files: [String: [UInt8]] = [
        "config.json": Array(#"{"model_type": "qwen2"}"#.utf8),
        "tokenizer.json": Array(#"{"version": "1.0"}"#.utf8),
        "model.safetensors": (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) },
        "README.md": Array("# Tiny".utf8),
        "pytorch_model.bin": [1, 2, 3],
    ]

    var weights: [UInt8] { files["model.safetensors"] ?? [] }
    var weightsEtag: String { etag("model.safetensors") }

    func etag(_ file: String) -> String {
        let bytes = files[file] ?? []
        if isLarge(file) { return SHA256.hash(data: bytes).hex }
        return Insecure.SHA1.hash(data: Array("blob \(bytes.count)\0".utf8) + bytes).hex
    }

    func isLarge(_ file: String) -> Bool { file.hasSuffix(".safetensors") }

    /// What the hub answers; ranges are served.
    func answer(_ request: LocalServer.Request) -> LocalServer.Reply {
        if request.path.hasPrefix("/api/models/\(name)/revision/") {
            let siblings = files.keys.sorted().map { ["rfilename": $0] }
            let json = try? JSONSerialization.data(withJSONObject: [
                "sha": commit, "siblings": siblings, "gated": false,
            ])
            return .json(String(decoding: json ?? Data(), as: UTF8.self))
        }
        let prefixes = [commit, "main"].map { "/\(name)/resolve/\($0)/" }
        guard let prefix = prefixes.first(where: request.path.hasPrefix) else { return .init(status: .notFound) }
        let file = String(request.path.dropFirst(prefix.count))
        guard let bytes = files[file] else {
            return .init(status: .notFound, headers: [("X-Error-Code", "EntryNotFound")])
        }
        let start = request.firstByte
        guard start < bytes.count || start == 0 else { return .init(status: .rangeNotSatisfiable) }
        var reply = LocalServer.Reply(body: [.bytes(Array(bytes[start...]))])
        reply.headers = headers(file) + [("Content-Length", String(bytes.count - start))]
        if request.headers.contains(name: "Range") {
            reply.status = .partialContent
            reply.headers.append(("Content-Range", "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"))
        }
        return reply
    }

    func headers(_ file: String) -> [(String, String)] {
        var headers = [("X-Repo-Commit", commit)]
        if isLarge(file) {
            headers += [("X-Linked-Etag", "\"\(etag(file))\""), ("X-Linked-Size", String(files[file]?.count ?? 0))]
        } else {
            headers.append(("ETag", "\"\(etag(file))\""))
        }
        return headers
    }
}

extension LocalServer.Reply {
    static func json(_ text: String) -> LocalServer.Reply {
        let bytes = Array(text.utf8)
        return .init(
            headers: [("Content-Type", "application/json"), ("Content-Length", String(bytes.count))],
            body: [.bytes(bytes)]
        )
    }

    static func redirect(_ location: String, headers: [(String, String)] = []) -> LocalServer.Reply {
        .init(status: .found, headers: headers + [("Location", location), ("Content-Length", "0")])
    }
}

extension LocalServer.Request {
    var isForWeights: Bool { path.hasSuffix("/model.safetensors") }
    var isDownloadOfWeights: Bool { isForWeights && method == "GET" }
}

extension Sequence where Element == UInt8 {
    var hex: String { map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
}

/// A cache folder that goes away with the value.
final class TemporaryCache: Sendable {
    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "kongur-hub-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func client(_ hub: LocalServer, token: String? = nil) throws -> HubClient {
        var configuration = try HubConfiguration(
            endpoint: try #require(URL(string: hub.address)),
            token: token,
            cacheFolder: folder
        )
        configuration.retry.firstDelay = .milliseconds(5)
        configuration.retry.maximumFailures = 4
        return HubClient(configuration: configuration)
    }

    /// Where the repository's files are.
    func path(_ rest: String) -> String { "\(folder)/models--someone--tiny-model/\(rest)" }

    func bytes(_ rest: String) -> [UInt8]? { FileManager.default.contents(atPath: path(rest)).map(Array.init) }

    func names(_ rest: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path(rest))) ?? []).sorted()
    }

    /// Leaves `bytes` as an interrupted download would.
    func leave(_ bytes: some Sequence<UInt8>, of etag: String) throws {
        try FileManager.default.createDirectory(atPath: path("blobs"), withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: path("blobs/\(etag).incomplete")))
    }
}

let repository = Repository()

func tinyModel() throws -> RepositoryName { try RepositoryName(repository.name) }

/// The code of the error that a download ends with, or nil when it succeeds.
func failure(_ client: HubClient, revision: String = "main") async throws -> HubError? {
    do throws(HubError) {
        _ = try await client.download(RepositoryName(repository.name), revision: revision)
        return nil
    } catch {
        return error
    }
}
