import Foundation
import KongurTesting
import Logging
import Testing

@testable import OpenAIServer

struct KeyTests {
    @Test func fileRoundTrips() throws {
        let keys = [
            APIKey(name: "ann", role: .user, key: "secret-1"), APIKey(name: "root", role: .admin, key: "secret-2"),
            APIKey(name: "eve", role: .user, key: "secret-3", weight: 4),
        ]
        let text = "# who may ask\n\n" + keys.map { KeyFile.line($0) + " # since May\n" }.joined()
        #expect(try KeyFile.parse(text, path: "keys") == keys)
        #expect(!text.contains("secret"))
    }

    private static let zeros = String(repeating: "0", count: 64)

    @Test(
        arguments: ["ann", "ann user", "ann user abc", "ann wizard \(zeros)"]
            + ["0", "-1", "1001", "99999999999999999999", "two", "2 3"].map { "ann user \(zeros) \($0)" }
    )
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
        #expect(Array(ring.weights.values) == [1])
        // What is not sound changes nothing, and an empty file lets nobody in.
        try folder.write(Array("nonsense".utf8), to: "keys")
        ring.reload()
        #expect(ring.key("secret-2") == bob)
        try folder.write([], to: "keys")
        ring.reload()
        #expect(ring.key("secret-2") == nil)
        #expect(ring.isNeeded)
    }
}
