import BatchJobs
import Foundation
import GRDB
import KongurTesting
import Testing

/// A clock that jumps, a database that another program has, and one that holds what was never written.
struct FolderTroubleTests {
    private let contents: FolderContents
    private static let start = 1_800_000_000
    private static let day = 86_400

    init() throws { contents = try FolderContents() }

    /// Years ahead and back again, while the server runs.
    @Test(arguments: [10 * 366 * 86_400, -10 * 366 * 86_400]) func aClockThatJumpsExpiresNothing(jump: Int) async throws
    {
        let jobs = try await contents.open()
        let instant = ContinuousClock.now
        var now = Int(Date().timeIntervalSince1970)
        let start = now
        try await jobs.followClock(wall: now, instant)
        let file = try await FolderContents.file(jobs, contents.lines(1), created: now, expires: now + Self.day)
        let input = try await FolderContents.file(jobs, contents.lines(1), created: now)
        let batch = contents.batch(of: input, created: now, expires: now + Self.day)
        try await contents.begin(jobs, batch)
        func left() async throws -> [Int] {
            let batch = try await jobs.batch(batch.id, owner: "ann")
            let file = try await jobs.file(file.id, owner: "ann")
            return [try #require(batch).expires - now, try #require(file).expires - now]
        }
        for (seconds, wall) in [(100, start + 100 + jump), (200, start + 200 + jump), (300, start + 300)] {
            now = try await jobs.followClock(wall: wall, instant + .seconds(seconds))
            try await jobs.clean(at: now)
            #expect(try await left().allSatisfy { abs($0 - (Self.day - seconds)) <= 120 })
        }
        // Time that passes counts.
        now = try await jobs.followClock(wall: start + 300 + Self.day, instant + .seconds(300 + Self.day))
        try await jobs.clean(at: now)
        #expect(try await jobs.file(file.id, owner: "ann") == nil)
    }

    @Test(arguments: [40 * 86_400, -40 * 86_400, 10 * 366 * 86_400]) func aClockThatIsWrongAtTheStartExpiresNothing(
        jump: Int
    ) async throws {
        let now = Int(Date().timeIntervalSince1970)
        let id: String
        do {
            let jobs = try await contents.open()
            id = try await FolderContents.file(jobs, contents.lines(1), created: now, expires: now + Self.day).id
        }
        let jobs = try await contents.open()
        let later = try await jobs.followClock(wall: now + jump)
        try await jobs.clean(at: later)
        let file = try #require(await jobs.file(id, owner: "ann"))
        // An hour of the time between two runs counts.
        #expect((Self.day - 3700...Self.day + 100).contains(file.expires - later))
    }

    @Test func whatNeverExpiresStaysSo() async throws {
        let jobs = try await contents.open()
        try await jobs.followClock(wall: Self.start)
        let file = try await FolderContents.file(jobs, "text", expires: .max)
        try await jobs.followClock(wall: Self.start + 1_000_000)
        #expect(try await jobs.file(file.id, owner: "ann")?.expires == .max)
    }

    /// It is waited for, then refused, and whoever stood in line behind does not wait anew.
    @Test func aLockedDatabaseIsWaitedForAndThenRefused() async throws {
        let jobs = try await contents.open()
        let file = try await FolderContents.file(jobs, contents.lines(1))
        let other = try contents.database()
        try await other.writeWithoutTransaction { database in
            try database.execute(sql: "BEGIN IMMEDIATE")
        }
        let started = ContinuousClock.now
        let codes = await withTaskGroup(of: BatchError.Code?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do throws(BatchError) {
                        try await jobs.removeFile(file.id, owner: "ann")
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            return await group.reduce(into: [BatchError.Code?]()) { $0.append($1) }
        }
        #expect(codes.allSatisfy { $0 == .busy }, "\(codes)")
        let waited = ContinuousClock.now - started
        #expect(waited > .seconds(2) && waited < .seconds(120))
        // Who only holds it for a moment is waited for.
        // On a thread of its own: a busy machine's tasks may come to it later than the database is waited for.
        let release = Thread {
            Thread.sleep(forTimeInterval: 0.5)
            try? other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        }
        release.start()
        try await jobs.removeFile(file.id, owner: "ann")
    }

    /// Numbers that overflow, texts where numbers belong, names that lead elsewhere: what cannot be is passed over.
    @Test(arguments: [
        "UPDATE file SET byteCount = 9223372036854775807", "UPDATE file SET byteCount = -9223372036854775807",
        "UPDATE file SET byteCount = 'much'", "UPDATE file SET created = x'00'", "UPDATE file SET expires = 'never'",
        "UPDATE file SET id = '../../batches.sqlite'", "UPDATE batch SET total = 9223372036854775807, completed = -5",
        "UPDATE batch SET failed = 9223372036854775807, completed = 9223372036854775807",
        "UPDATE batch SET details = '{}'", "UPDATE batch SET details = x'00FF'", "UPDATE batch SET total = 'all'",
        "UPDATE batch SET bytes = 9223372036854775807, resultBytes = 9223372036854775807",
        "UPDATE batch SET resultBytes = -9223372036854775807", "UPDATE batch SET owner = x'FF'",
        "UPDATE batch SET details = replace(details, ':1000', ':9223372036854775807')",
        "UPDATE batch SET details = replace(details, ':10', ':-9223372036854775807')",
        "UPDATE line SET offset = 9223372036854775807", "UPDATE line SET offset = -1, byteCount = -1",
        "UPDATE line SET byteCount = 9223372036854775807", "UPDATE line SET number = 'first' WHERE number = 1",
        "UPDATE line SET customID = x'FF', result = 7, isAnswered = 'x'",
        "UPDATE line SET isAnswered = 1, result = NULL",
        "DELETE FROM clock; INSERT INTO clock VALUES (9223372036854775807)",
        "DELETE FROM clock; INSERT INTO clock VALUES ('noon'), (-9223372036854775807)",
    ])
    func whatCannotBeIsPassedOver(edit: String) async throws {
        let (file, batch): (StoredFile, Batch)
        do {
            let jobs = try await contents.open()
            file = try await FolderContents.file(jobs, contents.lines(3))
            batch = try await contents.begin(jobs, contents.batch(of: file))
        }
        let other = try contents.database()
        try await other.write { try $0.execute(sql: edit) }
        try other.close()
        let jobs = try await contents.open(weights: ["ann": 1, "bob": 1])
        // Nothing of this may end the process; errors are right where nothing else can be said.
        _ = try? await jobs.followClock()
        _ = try? await jobs.clean(at: 20)
        _ = try? await jobs.file(file.id, owner: "ann")
        _ = try? await jobs.files(owner: "ann", purpose: nil, PageRequest(limit: 10))
        _ = try? await jobs.batches(owner: "ann", PageRequest(limit: 10))
        let reader = try ReadFile(contents.path + "/batches.sqlite")
        for open in try await jobs.openBatches() {
            #expect(open.counts.unfinished >= 0)
            for line in try await jobs.waitingLines(open.id, limit: 10) { _ = try reader.read(line) }
        }
        _ = try? await jobs.record([0x61], isAnswer: true, of: 1, in: batch.id)
        _ = try? await jobs.end(batch.id, as: .expired, at: 30) { Array("late \($0.customID)".utf8) }
        _ = jobs.hasRoom(for: "ann")
        _ = try await FolderContents.file(jobs, "more", owner: "bob")
    }

    /// A name in a database from elsewhere that leads out of the folder removes nothing there.
    @Test func whatLiesElsewhereIsLeftAlone() async throws {
        do {
            let jobs = try await contents.open()
            _ = try await FolderContents.file(jobs, "text")
        }
        let elsewhere = try contents.folder.write(Array("mine".utf8), to: "mine")
        let other = try contents.database()
        try await other.write { try $0.execute(sql: "UPDATE file SET id = '../../mine', expires = 1") }
        try other.close()
        let jobs = try await contents.open()
        _ = try? await jobs.removeFile("../../mine", owner: "ann")
        try await jobs.clean(at: 20)
        #expect(FileManager.default.fileExists(atPath: elsewhere))
    }

    /// A folder that an earlier version made.
    @Test func aFolderOfAnEarlierVersionIsTaken() async throws {
        let batch: Batch
        do {
            let jobs = try await contents.open()
            let file = try await FolderContents.file(jobs, contents.lines(50))
            batch = try await contents.begin(jobs, contents.batch(of: file))
        }
        let other = try contents.database()
        try await other.write { database in
            try database.execute(
                sql: """
                    ALTER TABLE batch DROP COLUMN bytes; ALTER TABLE batch DROP COLUMN resultBytes; DROP TABLE clock;
                    """
            )
        }
        try other.close()
        let jobs = try await contents.open()
        #expect(try await jobs.waitingLines(batch.id, limit: 100).count == 50)
        #expect(jobs.byteCount > 50 * 100)
    }
}
