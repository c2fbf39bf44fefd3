import GRDB

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The table of answers in an SQLite file; blocks.
///
/// With a write-ahead log, so that a process that is killed leaves whole answers and nothing else.
struct AnswerTable: Sendable {
    /// Says in the file's header whose it is.
    private static let application = 0x4B6E_6772
    private static let version = 1

    private let database: DatabaseQueue
    private let byteCount: Int

    /// Waits for others who write to the file no longer than `busyTimeout`.
    ///
    /// Throws `CacheError` for a file that is another program's, and SQLite's errors.
    init(path: String, byteCount: Int, busyTimeout: Duration) throws {
        self.byteCount = byteCount
        // Answers are nobody else's business; SQLite gives the files beside it the same rights.
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        }
        var configuration = Configuration()
        configuration.label = "kongur.cache"
        configuration.busyMode = .timeout(busyTimeout / .seconds(1))
        database = try DatabaseQueue(path: path, configuration: configuration)
        try database.writeWithoutTransaction { database in
            try Self.checkOwner(database, path)
            // The owner stands in the file before anything stands in a log beside it: a file that loses its log still
            // says whose it is.
            try database.execute(
                sql: """
                    PRAGMA application_id = \(Self.application);
                    PRAGMA journal_mode = WAL;
                    PRAGMA synchronous = NORMAL;
                    PRAGMA journal_size_limit = 4194304;
                    """
            )
            try database.inTransaction {
                try Self.createTable(database)
                try makeRoom(database)
                return .commit
            }
            // After a smaller limit was set.
            let (held, free) = try Self.byteCounts(database)
            if held + free > byteCount { try database.execute(sql: "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)") }
        }
    }

    func close() throws { try database.close() }

    func value(for key: CacheKey) throws -> [UInt8]? {
        try database.write { database in
            let now = Self.now
            let row = try Row.fetchOne(
                database.cachedStatement(sql: "SELECT value, expires FROM answer WHERE key = ?"),
                arguments: [Data(key.digest)]
            )
            guard let row else { return nil }
            // Others may write to the file: what is no answer and no time is removed as what has expired is.
            guard let value = try? row.decode(Data.self, forColumn: "value"),
                let expires = try? row.decode(Int64?.self, forColumn: "expires") ?? .max, expires > now
            else {
                try Self.remove(key, database)
                return nil
            }
            try database.cachedStatement(sql: "UPDATE answer SET used = ? WHERE key = ?")
                .execute(arguments: [now, Data(key.digest)])
            return [UInt8](value)
        }
    }

    func setValue(_ value: [UInt8], for key: CacheKey, expiresIn: Duration?) throws {
        try database.write { database in
            let expires = expiresIn.map { Self.now + Int64($0 / .milliseconds(1)) }
            try Self.remove(key, database)
            guard value.count <= byteCount / 2 else { return }
            try database.cachedStatement(sql: "INSERT INTO answer (key, value, expires, used) VALUES (?, ?, ?, ?)")
                .execute(arguments: [Data(key.digest), Data(value), expires, Self.now])
            try makeRoom(database)
        }
    }

    func removeValue(for key: CacheKey) throws {
        try database.write { try Self.remove(key, $0) }
    }

    /// Whether an error says that the file is no database, or one that is broken.
    static func isDamage(_ error: any Error) -> Bool {
        let code = (error as? DatabaseError)?.resultCode
        return code == .SQLITE_CORRUPT || code == .SQLITE_NOTADB
    }

    /// Whether a file that cannot be opened as a database says in its header that it is ours.
    static func isOurs(_ path: String) -> Bool {
        SQLiteHeader.application(of: path) == application
    }

    private static func checkOwner(_ database: Database, _ path: String) throws {
        let owner = try Int.fetchOne(database, sql: "PRAGMA application_id")
        let tables = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_master")
        guard owner == application || tables == 0 else {
            throw CacheError(
                .invalidLocation,
                "\(path): is another program's SQLite file; give a path of its own for the cache"
            )
        }
    }

    private static func createTable(_ database: Database) throws {
        if try Int.fetchOne(database, sql: "PRAGMA user_version") != version {
            try database.execute(sql: "DROP TABLE IF EXISTS answer")
        }
        try database.execute(
            sql: """
                PRAGMA user_version = \(version);
                CREATE TABLE IF NOT EXISTS answer (
                    key BLOB PRIMARY KEY,
                    value BLOB NOT NULL,
                    expires INTEGER,
                    used INTEGER NOT NULL
                );
                CREATE INDEX IF NOT EXISTS answerByUse ON answer (used);
                """
        )
    }

    private static func remove(_ key: CacheKey, _ database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM answer WHERE key = ?").execute(arguments: [Data(key.digest)])
    }

    /// Removes what has expired and then what was used longest ago, until the rest is within the limit.
    private func makeRoom(_ database: Database) throws {
        guard try Self.byteCounts(database).held > byteCount else { return }
        try database.cachedStatement(sql: "DELETE FROM answer WHERE expires <= ?").execute(arguments: [Self.now])
        let removeOldest = try database.cachedStatement(
            sql: "DELETE FROM answer WHERE rowid IN (SELECT rowid FROM answer ORDER BY used LIMIT 8)"
        )
        while try Self.byteCounts(database).held > byteCount {
            try removeOldest.execute()
            if database.changesCount == 0 { return }
        }
    }

    /// Bytes of the file that hold something, and of those that are free for what comes.
    private static func byteCounts(_ database: Database) throws -> (held: Int, free: Int) {
        func pragma(_ name: String) throws -> Int { try Int.fetchOne(database, sql: "PRAGMA \(name)") ?? 0 }
        let (pages, free, size) = try (pragma("page_count"), pragma("freelist_count"), pragma("page_size"))
        return ((pages - free) * size, free * size)
    }

    /// Milliseconds since 1970: what is written must be understood after a restart.
    private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}
