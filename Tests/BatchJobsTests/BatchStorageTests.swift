import BatchJobs
import Foundation
import Testing

/// What is stored for batches counts, whatever it is, and each owner has a share.
struct BatchStorageTests {
    private let contents: FolderContents

    init() throws { contents = try FolderContents() }

    @Test func linesAndResultsCountAsFilesDo() async throws {
        let jobs = try await contents.open(byteCount: 2 << 20)
        let file = try await FolderContents.file(jobs, contents.lines(500, nameByteCount: 900))
        for _ in 0..<20 { _ = try? await contents.begin(jobs, contents.batch(of: file)) }
        let begun = try await jobs.openBatches()
        #expect((1...3).contains(begun.count))
        #expect(jobs.byteCount <= 2 << 20)
        // The others say why they have failed.
        let failed = try await jobs.batches(owner: "ann", PageRequest(limit: 1)).elements
        #expect(failed.first?.faults.map(\.code) == ["storage_full"])
        // Results count twice, since they become files: then there is no room for more.
        let batch = try #require(begun.first)
        let result = [UInt8](repeating: 0x61, count: 4000)
        var recorded = 0
        while jobs.hasRoom(for: "ann"), recorded < 500 {
            recorded += 1
            _ = try await jobs.record(result, isAnswer: true, of: recorded, in: batch.id)
        }
        #expect(recorded < 250)
        for batch in begun { _ = try await jobs.end(batch.id, as: .cancelled, at: 20) }
        #expect(try contents.byteCountOnDisk() <= 3 << 20)
        // What lines took is free again.
        #expect(jobs.byteCount < file.byteCount + recorded * 4001 + 20 * 2000)
        try await jobs.removeFile(file.id, owner: "ann")
        #expect(jobs.hasRoom(for: "ann"))
    }

    @Test func whatIsCountedIsTheSameAfterARestart() async throws {
        let before: Int
        do {
            let jobs = try await contents.open()
            let file = try await FolderContents.file(jobs, contents.lines(20))
            let batch = try await contents.begin(jobs, contents.batch(of: file))
            _ = try await jobs.record(Array("result".utf8), isAnswer: true, of: 1, in: batch.id)
            before = jobs.byteCount
        }
        let jobs = try await contents.open()
        #expect(jobs.byteCount == before)
    }

    @Test func anOwnerLeavesRoomForOthers() async throws {
        let jobs = try await contents.open(files: 9, byteCount: 10_000, weights: ["ann": 1, "bob": 1, "eve": 3])
        let text = String(repeating: "x", count: 1000)
        var files = 0
        await #expect(throws: BatchError.self) {
            for _ in 0..<10 {
                _ = try await FolderContents.file(jobs, text)
                files += 1
            }
        }
        // As many as are left.
        #expect(files == 4)
        _ = try await FolderContents.file(jobs, text, owner: "bob")
        _ = try await FolderContents.file(jobs, text, owner: "bob")
        await #expect(throws: BatchError.self) {
            for _ in 0..<10 { _ = try await FolderContents.file(jobs, text, owner: "bob") }
        }
        // A larger weight is a larger share.
        for _ in 0..<2 { _ = try await FolderContents.file(jobs, text, owner: "eve") }
    }

    @Test func whoIsAloneMayHaveEverything() async throws {
        let jobs = try await contents.open(files: 5, byteCount: 5000, weights: ["ann": 1])
        for _ in 0..<5 { _ = try await FolderContents.file(jobs, String(repeating: "x", count: 1000)) }
        await #expect(throws: BatchError.self) { _ = try await FolderContents.file(jobs, "x") }
    }

    /// Files that are still being sent count as well.
    @Test func whatIsBeingSentCounts() async throws {
        let jobs = try await contents.open(byteCount: 1000)
        let (_, new) = try jobs.newFile(owner: "ann")
        try [UInt8](repeating: 0, count: 800).withUnsafeBytes { try new.append($0) }
        await #expect(throws: BatchError.self) {
            _ = try await FolderContents.file(jobs, String(repeating: "x", count: 300))
        }
        _ = try await FolderContents.file(jobs, String(repeating: "x", count: 100))
        withExtendedLifetime(new) {}
    }

    @Test func resultsOfUnfinishedLinesAreInOrder() async throws {
        let jobs = try await contents.open()
        let file = try await FolderContents.file(jobs, contents.lines(4))
        let batch = try await contents.begin(jobs, contents.batch(of: file))
        _ = try await jobs.record(Array("wrong".utf8), isAnswer: false, of: 3, in: batch.id)
        _ = try await jobs.record(Array("right".utf8), isAnswer: true, of: 2, in: batch.id)
        let ended = try await jobs.end(batch.id, as: .expired, at: 100) { Array("late \($0.number)".utf8) }
        #expect(ended.counts == Batch.Counts(total: 4, completed: 1, failed: 3))
        #expect(try await jobs.batch(batch.id, owner: "ann")?.counts == ended.counts)
        let errors = try Data(contentsOf: URL(fileURLWithPath: jobs.path(of: try #require(ended.errorFile))))
        #expect(String(decoding: errors, as: UTF8.self) == "late 1\nwrong\nlate 4\n")
    }
}
