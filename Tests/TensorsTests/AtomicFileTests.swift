import Foundation
import Tensors
import Testing

@Suite struct AtomicFileTests {
    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("kongur-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func write(_ text: String, to name: String) throws {
        let file = try AtomicFile(path: "\(folder)/\(name)") { $0.starts(with: Array("ours".utf8)) }
        try file.write(Array(text.utf8))
        try file.sync()
        try file.commit()
    }

    private func text(_ name: String) -> String? {
        FileManager.default.contents(atPath: "\(folder)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }

    private var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() }

    @Test func replacesItsOwnAndNothingElse() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write("ours 1", to: "a")
        try write("ours 2", to: "a")
        #expect(text("a") == "ours 2" && names == ["a"])
        try Data("precious".utf8).write(to: URL(fileURLWithPath: "\(folder)/b"))
        #expect(throws: TensorError.self) { try write("ours", to: "b") }
        #expect(text("b") == "precious")
        // An empty file has nothing to lose.
        try Data().write(to: URL(fileURLWithPath: "\(folder)/c"))
        try write("ours 3", to: "c")
        #expect(text("c") == "ours 3" && names == ["a", "b", "c"])
    }

    @Test func folderDeviceAndBrokenLinkAreRefused() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        mkdir("\(folder)/sub", 0o755)
        mkfifo("\(folder)/pipe", 0o644)
        symlink("nowhere", "\(folder)/broken")
        for name in ["sub", "pipe", "broken", "missing/a", ""] {
            #expect(throws: TensorError.self) { try write("ours", to: name) }
        }
        #expect(throws: TensorError.self) { try AtomicFile(path: "/dev/null") { _ in true } }
        #expect(names == ["broken", "pipe", "sub"])
    }

    @Test func linkIsFollowedAndRightsStay() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write("ours 1", to: "target")
        chmod("\(folder)/target", 0o640)
        symlink("target", "\(folder)/link")
        try write("ours 2", to: "link")
        var status = stat()
        #expect(lstat("\(folder)/link", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(stat("\(folder)/target", &status) == 0 && status.st_mode & 0o777 == 0o640)
        #expect(text("target") == "ours 2" && names == ["link", "target"])
    }

    /// What a killed process left goes at the next write of that file; what is being written, and what others called so, stays.
    @Test func leftoversGo() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let stale = ["a.0123456789abcdef.partial", "a.123.partial", "b.0123456789abcdef.partial", "a.partial"]
        for name in stale { try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
        let writer = try AtomicFile(path: "\(folder)/a") { _ in true }
        try write("ours", to: "a")
        #expect(names.count == 5 && !names.contains(stale[0]))
        try writer.write(Array("ours too".utf8))
        try writer.commit()
        #expect(text("a") == "ours too")
        #expect(Set(names) == Set(["a"] + stale.dropFirst()))
    }

    @Test func nothingIsLeftOfOneThatIsGivenUp() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let file = try AtomicFile(path: "\(folder)/a") { _ in true }
            try file.write([1, 2, 3])
            #expect(names.count == 1)
        }
        #expect(names.isEmpty)
    }
}
