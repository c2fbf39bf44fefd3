import GRDB
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a folder last knew of the time.
struct SeenTime: Sendable, Hashable {
    /// Seconds since 1970, as the machine had it.
    var wall: Int
    /// The same moment on a clock that only goes forward.
    var instant: ContinuousClock.Instant
    /// When `wall` was last written down.
    var saved: ContinuousClock.Instant
}

/// Deadlines are kept in the machine's time, which may be wrong: set back at a start without a clock, or years ahead.
///
/// Time that has not passed moves the deadlines instead: nothing expires and nothing is removed because a clock was set.
extension BatchFolder {
    /// A clock may differ by so many seconds from one that only goes forward, and still be taken to have been right.
    private static let tolerance = 60
    /// Seconds between two starts that count, at most: whether more have passed nobody can tell.
    private static let longestGap = 3600
    private static let secondsBetweenSaves = 60.0

    /// The machine's time, after the deadlines have been moved by what it has jumped.
    @discardableResult
    package func followClock(
        wall: Int = Int(Date().timeIntervalSince1970),
        _ instant: ContinuousClock.Instant = .now
    ) async throws(BatchError) -> Int {
        let last = clock.withLock(\.self)
        let jump: Int
        if let last {
            let passed = ((instant - last.instant) / .seconds(1)).rounded()
            let drift = wall - last.wall - Int(passed)
            jump = abs(drift) > Self.tolerance ? drift : 0
        } else {
            jump = try await jumpSinceLastRun(wall)
        }
        var seen = SeenTime(wall: wall, instant: instant, saved: last?.saved ?? instant)
        if jump != 0 || last == nil || (instant - seen.saved) / .seconds(1) >= Self.secondsBetweenSaves {
            try await write { database in
                try Self.moveDeadlines(by: jump, database)
                try database.execute(sql: "DELETE FROM clock")
                try database.execute(sql: "INSERT INTO clock (seen) VALUES (?)", arguments: [wall])
            }
            seen.saved = instant
        }
        clock.withLock { $0 = seen }
        return wall
    }

    /// Seconds that the clock says have passed since the folder was last used, and that do not count.
    private func jumpSinceLastRun(_ wall: Int) async throws(BatchError) -> Int {
        let seen = try await read { database in
            // A folder of an earlier version has no note of it.
            try Int.fetchOne(
                database,
                sql: """
                    SELECT COALESCE(
                        (SELECT MAX(CAST(seen AS INTEGER)) FROM clock),
                        (SELECT MAX(created) FROM (SELECT created FROM file UNION ALL SELECT created FROM batch)))
                    """
            )
        }
        guard let seen, BatchTables.numbers.contains(seen) else { return 0 }
        let gap = wall - seen
        return gap < 0 ? gap : max(0, gap - Self.longestGap)
    }

    private static func moveDeadlines(by seconds: Int, _ database: Database) throws {
        guard seconds != 0 else { return }
        let most = BatchTables.numbers.upperBound
        // What is never to expire stays so.
        try database.execute(
            sql: "UPDATE file SET expires = MAX(1, expires + ?) WHERE expires BETWEEN 0 AND ?",
            arguments: [seconds, most]
        )
        try database.execute(
            sql: "UPDATE batch SET created = created + ? WHERE isEnded = 1 AND created BETWEEN 0 AND ?",
            arguments: [seconds, most]
        )
        for var batch in try fetchOpenBatches(database) {
            batch.expires = max(1, batch.expires + seconds)
            try BatchTables.update(batch, database)
        }
    }
}
