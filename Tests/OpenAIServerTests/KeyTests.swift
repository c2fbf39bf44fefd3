import Foundation
import KongurTesting
import Logging
import Testing

@testable import OpenAIServer

struct KeyTests {
    @Test func fileRoundTrips() throws {
        let keys = [
            APIKey(name: "ann", role: .user, key: "secret-1"), APIKey(name: "root", role: .admin, key: "secret-2"),
        ]
        let text = "# who may ask\n\n" + keys.map { KeyFile.line($0) + " # since May\n" }.joined()
        #expect(try KeyFile.parse(text, path: "keys") == keys)
        #expect(!text.contains("secret"))
    }

    @Test(arguments: ["ann", "ann user", "ann user abc", "ann wizard " + String(repeating: "0", count: 64)])
    func fileSaysWhichLineIsWrong(_ line: String) {
        #expect(throws: KeyFile.Failure.self) { try KeyFile.parse("# fine\n\(line)\n", path: "keys") }
    }

    @Test func ringReadsTheFileAgain() throws {
        let folder = try TemporaryFolder()
        let ann = APIKey(name: "ann", role: .user, key: "secret-1")
        let path = try folder.write(Array(KeyFile.line(ann).utf8), to: "keys")
        let ring = try KeyRing([], file: path, Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(ring.key("secret-1") == ann)
        #expect(ring.key("secret-2") == nil)
        let bob = APIKey(name: "bob", role: .admin, key: "secret-2")
        try folder.write(Array((KeyFile.line(bob) + "\n").utf8), to: "keys")
        ring.reload()
        #expect(ring.key("secret-1") == nil)
        #expect(ring.key("secret-2") == bob)
        // What is not sound changes nothing, and an empty file lets nobody in.
        try folder.write(Array("nonsense".utf8), to: "keys")
        ring.reload()
        #expect(ring.key("secret-2") == bob)
        try folder.write([], to: "keys")
        ring.reload()
        #expect(ring.key("secret-2") == nil)
        #expect(ring.isNeeded)
    }

    @Test func hostsAndOrigins() throws {
        let local = OriginRules(ServerConfiguration())
        for host in ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "LOCALHOST"] {
            try local.checkHost(host)
        }
        for host in [nil, "", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80"] {
            #expect(throws: APIError.self) { try local.checkHost(host) }
        }
        try local.checkOrigin("http://localhost:8000", host: "localhost:8000")
        #expect(throws: APIError.self) { try local.checkOrigin("http://localhost:3000", host: "localhost:8000") }
        #expect(throws: APIError.self) { try local.checkOrigin("null", host: "localhost:8000") }
        var configuration = ServerConfiguration()
        configuration.host = "0.0.0.0"
        try OriginRules(configuration).checkHost("anything.example")
        configuration.allowedHosts = ["api.example"]
        #expect(throws: APIError.self) { try OriginRules(configuration).checkHost("anything.example") }
    }
}
