import BatchJobs
import Foundation
import GRDB
import KongurTesting
import Testing

/// A folder with files and batches of tests, and the ways around it.
struct FolderContents {
    static let url = "/v1/completions"
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/batches"
    }

    func open(
        files: Int = 100,
        byteCount: Int = 1 << 20,
        weights: [String: Int] = [:]
    ) async throws -> BatchFolder {
        let limits = BatchFolder.Limits(fileByteCount: 1 << 20, files: files, byteCount: byteCount)
        // A program that another test starts may hold the lock for the moment before it is itself.
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let jobs = try? BatchFolder(path, limits: limits, weights: { weights }) { return jobs }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try BatchFolder(path, limits: limits, weights: { weights })
    }

    /// A file that a client has sent.
    static func file(
        _ jobs: BatchFolder,
        _ text: String,
        owner: String = "ann",
        created: Int = 5,
        expires: Int = 1 << 40
    ) async throws -> StoredFile {
        let (id, new) = try jobs.newFile(owner: owner)
        try Array(text.utf8).withUnsafeBytes { try new.append($0) }
        let file = StoredFile(
            id: id,
            owner: owner,
            name: "lines.jsonl",
            purpose: "batch",
            byteCount: new.byteCount,
            created: created,
            expires: expires
        )
        try await jobs.keep(new, as: file)
        return file
    }

    /// A file of lines with names of so many bytes.
    func lines(_ count: Int, nameByteCount: Int = 3) -> String {
        (0..<count).map { index in
            let name = String(repeating: "n", count: max(0, nameByteCount - 3)) + String(index + 100)
            return #"{"custom_id":"\#(name)","method":"POST","url":"\#(Self.url)","body":{}}"# + "\n"
        }.joined()
    }

    func batch(of file: StoredFile, created: Int = 10, expires: Int = 1 << 40) -> Batch {
        Batch(
            id: BatchFolder.newID("batch_"),
            owner: file.owner,
            endpoint: Self.url,
            inputFile: file.id,
            window: "24h",
            metadata: nil,
            created: created,
            expires: expires,
            outputLifetime: 1000
        )
    }

    /// Adds a batch and brings it under way.
    @discardableResult
    func begin(_ jobs: BatchFolder, _ batch: Batch) async throws -> Batch {
        try await jobs.add(batch)
        let limits = BatchInput.Limits(lines: 10_000, lineByteCount: 10_000)
        let found = try BatchInput(ReadFile(jobs.path(of: batch.inputFile)), urls: [Self.url], limits: limits)
        try await jobs.validated(batch.id, found, at: 11)
        return batch
    }

    /// The database as another program has it.
    func database() throws -> DatabaseQueue {
        var configuration = Configuration()
        // It keeps the lock for as long as it likes.
        configuration.allowsUnsafeTransactions = true
        return try DatabaseQueue(path: path + "/batches.sqlite", configuration: configuration)
    }

    /// Bytes of all files below the folder.
    func byteCountOnDisk() throws -> Int {
        try FileManager.default.subpathsOfDirectory(atPath: path).reduce(0) { sum, name in
            let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
            return sum + (attributes[.type] as? FileAttributeType == .typeRegular ? attributes[.size] as? Int ?? 0 : 0)
        }
    }
}
