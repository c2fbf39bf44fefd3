import BatchJobs
import Foundation
import KongurTesting
import Testing

struct BatchFolderTests {
    private static let url = "/v1/chat/completions"
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open(files: Int = 100, byteCount: Int = 1 << 20) throws -> BatchFolder {
        let limits = BatchFolder.Limits(fileByteCount: 1 << 20, files: files, byteCount: byteCount)
        return try BatchFolder(folder.path + "/batches", limits: limits)
    }

    /// The folder again: a program that another test starts may hold the lock for the moment before it is itself.
    private func reopen() async throws -> BatchFolder {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let jobs = try? open() { return jobs }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try open()
    }

    @Test func otherFilesAreNobodysToRemove() async throws {
        let path = folder.path + "/batches/files"
        // A folder of somebody's, that has the name of ours.
        try folder.write(Array("precious".utf8), to: "batches/files/notes.txt")
        let error = #expect(throws: BatchError.self) { try open() }
        #expect(error?.code == .invalidLocation && error?.message.contains("notes.txt") == true)
        #expect(FileManager.default.fileExists(atPath: path + "/notes.txt"))
        try FileManager.default.removeItem(atPath: path + "/notes.txt")
        do { _ = try open() }
        let stray = "file-" + String(repeating: "0a", count: 16)
        for name in ["notes.txt", "sub/notes.txt", stray, stray + ".part", "file-1", stray + "0"] {
            try folder.write(Array("x".utf8), to: "batches/files/" + name)
        }
        _ = try await reopen()
        let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        #expect(Set(names) == ["file-1", stray + "0", "notes.txt", "sub"])
    }

    private func file(
        _ jobs: BatchFolder,
        _ text: String = "text",
        owner: String = "ann",
        expires: Int = .max
    ) async throws -> StoredFile {
        try await FolderContents.file(jobs, text, owner: owner, expires: expires)
    }

    /// A batch of so many lines, under way.
    private func batch(_ jobs: BatchFolder, lines: Int, owner: String = "ann") async throws -> Batch {
        let text = (0..<lines).map { #"{"custom_id":"\#($0)","method":"POST","url":"\#(Self.url)","body":{}}"# + "\n" }
        let input = try await file(jobs, text.joined(), owner: owner)
        let batch = Batch(
            id: BatchFolder.newID("batch_"),
            owner: owner,
            endpoint: Self.url,
            inputFile: input.id,
            window: "24h",
            metadata: ["for": "tests"],
            created: 10,
            expires: 100,
            outputLifetime: 1000
        )
        try await jobs.add(batch)
        let limits = BatchInput.Limits(lines: lines, lineByteCount: 1000)
        let found = try BatchInput(ReadFile(jobs.path(of: input.id)), urls: [Self.url], limits: limits)
        try await jobs.validated(batch.id, found, at: 11)
        return batch
    }

    private func text(_ jobs: BatchFolder, _ file: String?) throws -> String {
        let data = try Data(contentsOf: URL(fileURLWithPath: jobs.path(of: try #require(file))))
        return String(decoding: data, as: UTF8.self)
    }

    @Test func aLineGetsOneResultAndKeepsItOverARestart() async throws {
        let id: String
        do {
            let jobs = try open()
            id = try await batch(jobs, lines: 3).id
            #expect(try await jobs.waitingLines(id, limit: 10).map(\.customID) == ["0", "1", "2"])
            #expect(try await jobs.record(Array("second".utf8), isAnswer: true, of: 2, in: id))
            #expect(try await jobs.record(Array("again".utf8), isAnswer: true, of: 2, in: id) == false)
        }
        let jobs = try await reopen()
        let batch = try #require(await jobs.openBatches().first)
        #expect(batch.id == id && batch.status == .inProgress)
        #expect(batch.counts == Batch.Counts(total: 3, completed: 1, failed: 0))
        #expect(batch.metadata == ["for": "tests"])
        #expect(try await jobs.waitingLines(id, limit: 10).map(\.number) == [1, 3])
        #expect(try await jobs.record(Array("third".utf8), isAnswer: false, of: 3, in: id))
        #expect(try await jobs.record(Array("first".utf8), isAnswer: true, of: 1, in: id))
        try await jobs.finalize(id, at: 20)
        let ended = try await jobs.end(id, as: .completed, at: 21)
        #expect(ended.counts == Batch.Counts(total: 3, completed: 2, failed: 1))
        #expect(try text(jobs, ended.outputFile) == "first\nsecond\n")
        #expect(try text(jobs, ended.errorFile) == "third\n")
        #expect(ended.time(of: .inProgress) == 11 && ended.time(of: .finalizing) == 20)
        #expect(ended.time(of: .completed) == 21 && ended.time(of: .failed) == nil)
        #expect(try await jobs.openBatches().isEmpty)
        let name = try #require(ended.outputFile)
        let output = try #require(await jobs.file(name, owner: "ann"))
        #expect(output.purpose == "batch_output" && output.byteCount == 13 && output.expires == 1021)
    }

    @Test func aBatchThatIsCancelledKeepsWhatIsDone() async throws {
        let jobs = try open()
        let id = try await batch(jobs, lines: 3).id
        _ = try await jobs.record(Array("first".utf8), isAnswer: true, of: 1, in: id)
        #expect(try await jobs.cancel(id, owner: "ann", at: 30).status == .cancelling)
        #expect(try await jobs.cancel(id, owner: "ann", at: 31).time(of: .cancelling) == 30)
        let ended = try await jobs.end(id, as: .cancelled, at: 32)
        #expect(ended.status == .cancelled && ended.counts.unfinished == 2)
        #expect(try text(jobs, ended.outputFile) == "first\n")
        #expect(ended.errorFile == nil)
        await #expect(throws: BatchError.self) {
            let done = try await batch(jobs, lines: 1).id
            _ = try await jobs.end(done, as: .completed, at: 40)
            _ = try await jobs.cancel(done, owner: "ann", at: 41)
        }
    }

    @Test func linesOfABatchThatExpiresAreToldSo() async throws {
        let jobs = try open()
        let id = try await batch(jobs, lines: 3).id
        _ = try await jobs.record(Array("first".utf8), isAnswer: true, of: 1, in: id)
        let ended = try await jobs.end(id, as: .expired, at: 100) { Array("late \($0.customID)".utf8) }
        #expect(ended.status == .expired && ended.counts == Batch.Counts(total: 3, completed: 1, failed: 2))
        #expect(try text(jobs, ended.errorFile) == "late 1\nlate 2\n")
    }

    @Test func aFileThatIsWrongFailsItsBatch() async throws {
        let jobs = try open()
        let input = try await file(jobs, "nonsense\n")
        var batch = try await batch(jobs, lines: 1)
        batch.id = "batch_wrong"
        batch.inputFile = input.id
        try await jobs.add(batch)
        let limits = BatchInput.Limits(lines: 1, lineByteCount: 100)
        let found = try BatchInput(ReadFile(jobs.path(of: input.id)), urls: [Self.url], limits: limits)
        try await jobs.validated(batch.id, found, at: 12)
        let failed = try #require(await jobs.batch(batch.id, owner: "ann"))
        #expect(failed.status == .failed && failed.faults.map(\.line) == [1])
    }

    @Test func nobodySeesWhatIsAnothers() async throws {
        let jobs = try open()
        let batch = try await batch(jobs, lines: 1)
        #expect(try await jobs.batch(batch.id, owner: "bob") == nil)
        #expect(try await jobs.file(batch.inputFile, owner: "bob") == nil)
        #expect(try await jobs.files(owner: "bob", purpose: nil, PageRequest(limit: 5)).elements.isEmpty)
        #expect(try await jobs.batches(owner: "bob", PageRequest(limit: 5)).elements.isEmpty)
        await #expect(throws: BatchError.self) { try await jobs.removeFile(batch.inputFile, owner: "bob") }
        await #expect(throws: BatchError.self) { _ = try await jobs.cancel(batch.id, owner: "bob", at: 1) }
        var stolen = batch
        (stolen.id, stolen.owner) = ("batch_stolen", "bob")
        await #expect(throws: BatchError.self) { try await jobs.add(stolen) }
        await #expect(throws: BatchError.self) {
            _ = try await jobs.files(owner: "bob", purpose: nil, PageRequest(after: batch.inputFile, limit: 5))
        }
    }

    @Test func listsAreReadPageByPage() async throws {
        let jobs = try open()
        var ids: [String] = []
        for _ in 0..<5 { ids.append(try await file(jobs).id) }
        for isAscending in [true, false] {
            var (found, after): ([String], String?) = ([], nil)
            repeat {
                let page = PageRequest(after: after, limit: 2, isAscending: isAscending)
                let files = try await jobs.files(owner: "ann", purpose: "batch", page)
                found += files.elements.map(\.id)
                after = files.hasMore ? files.elements.last?.id : nil
            } while after != nil
            #expect(found == (isAscending ? ids : ids.reversed()))
        }
        #expect(try await jobs.files(owner: "ann", purpose: "batch_output", PageRequest(limit: 9)).elements.isEmpty)
    }

    @Test func limitsHold() async throws {
        let jobs = try open(files: 3, byteCount: 10)
        let first = try await file(jobs, "12345")
        await #expect(throws: BatchError.self) { _ = try await file(jobs, "123456") }
        _ = try await file(jobs, "1")
        _ = try await file(jobs, "1")
        await #expect(throws: BatchError.self) { _ = try await file(jobs, "1") }
        try await jobs.removeFile(first.id, owner: "ann")
        _ = try await file(jobs, "12345678")
        #expect(jobs.byteCount == 10)
        // What was refused has left nothing.
        #expect(try FileManager.default.contentsOfDirectory(atPath: jobs.path + "/files").count == 3)
    }

    @Test func aFileIsKeptWhileABatchNeedsItAndNoLongerThanItMay() async throws {
        let jobs = try open()
        let batch = try await batch(jobs, lines: 1)
        await #expect(throws: BatchError.self) { try await jobs.removeFile(batch.inputFile, owner: "ann") }
        let brief = try await file(jobs, expires: 50)
        try await jobs.clean(at: 49)
        #expect(try await jobs.file(brief.id, owner: "ann") != nil)
        try await jobs.clean(at: 50)
        #expect(try await jobs.file(brief.id, owner: "ann") == nil)
        #expect(!FileManager.default.fileExists(atPath: jobs.path(of: brief.id)))
        _ = try await jobs.end(batch.id, as: .cancelled, at: 60)
        try await jobs.removeFile(batch.inputFile, owner: "ann")
        try await jobs.clean(at: 10 + BatchFolder.lifetime)
        #expect(try await jobs.batch(batch.id, owner: "ann") == nil)
    }

    @Test func whatAKilledProcessHadBegunIsRemoved() async throws {
        let kept: StoredFile
        do {
            let jobs = try open()
            kept = try await file(jobs)
            try Data("half".utf8).write(to: URL(fileURLWithPath: jobs.path(of: BatchFolder.newID("file-") + ".part")))
            try Data("whole".utf8).write(to: URL(fileURLWithPath: jobs.path(of: BatchFolder.newID("file-"))))
        }
        let jobs = try await reopen()
        #expect(try FileManager.default.contentsOfDirectory(atPath: jobs.path + "/files") == [kept.id])
        #expect(try text(jobs, kept.id) == "text")
    }

    @Test func oneProcessHasAFolder() throws {
        let jobs = try open()
        #expect(throws: BatchError.self) { try open() }
        _ = jobs
    }

    @Test func refusesWhatIsNoFolderOfIts() throws {
        let path = try folder.write(Array("text".utf8), to: "file")
        let limits = BatchFolder.Limits(fileByteCount: 1, files: 1, byteCount: 1)
        #expect(throws: BatchError.self) { try BatchFolder(path, limits: limits) }
        try folder.write(Array("no database at all, but long enough to be one".utf8), to: "other/batches.sqlite")
        #expect(throws: BatchError.self) { try BatchFolder(folder.path + "/other", limits: limits) }
    }
}
