import BatchJobs
import Foundation
import KongurTesting
import Testing

struct ResultFileTests {
    private let lines = ["a", "b", "c"].enumerated().map {
        BatchLine(number: $0 + 1, offset: 0, byteCount: 0, customID: $1)
    }

    private func result(_ id: String) -> String { #"{"id":"batch_req_x","custom_id":"\#(id)","response":null}"# }

    private func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    @Test func goesOnWhereAKilledRunWas() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/out.jsonl"
        do {
            let file = try ResultFile(path, of: lines)
            #expect(file.done.isEmpty)
            try file.append(Array(result("b").utf8))
        }
        // What it was writing when it was killed.
        try folder.write(Array((result("b") + "\n" + result("a")).utf8.dropLast(9)), to: "out.jsonl")
        let file = try ResultFile(path, of: lines)
        #expect(file.done == ["b"])
        try file.append(Array(result("a").utf8))
        #expect(text(path) == result("b") + "\n" + result("a") + "\n")
    }

    @Test(arguments: ["{}\n", "text\n", "text without an end", "{x", #"{"id":"b","#, #"{"custom_id": "z"}"# + "\n"])
    func leavesOtherFilesAlone(_ content: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array(content.utf8), to: "out.jsonl")
        #expect(throws: BatchError.self) { try ResultFile(path, of: lines) }
        #expect(text(path) == content)
    }

    /// Killed while the first line was written.
    @Test func goesOnAfterHalfAFirstLine() throws {
        for count in [3, 25] {
            let folder = try TemporaryFolder()
            let path = try folder.write(Array(result("a").utf8.prefix(count)), to: "out.jsonl")
            let file = try ResultFile(path, of: lines)
            try file.append(Array(result("a").utf8))
            #expect(text(path) == result("a") + "\n")
        }
    }

    @Test func refusesTwoResultsOfALine() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array((result("a") + "\n" + result("a") + "\n").utf8), to: "out.jsonl")
        #expect(throws: BatchError.self) { try ResultFile(path, of: lines) }
    }

    @Test func oneRunWritesIt() throws {
        let folder = try TemporaryFolder()
        let file = try ResultFile(folder.path + "/out.jsonl", of: lines)
        #expect(throws: BatchError.self) { try ResultFile(file.path, of: lines) }
    }
}
