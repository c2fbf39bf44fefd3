import GRDB

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The tables of a folder's database, and how rows become values.
enum BatchTables {
    /// Says in the file's header whose it is.
    private static let application = 0x4B6E_6762
    private static let version = 1

    /// Opens the database, every transaction of which is on the disk when it is over.
    static func open(_ path: String) throws(BatchError) -> DatabaseQueue {
        do {
            // SQLite gives the files beside it the same rights.
            if !FileManager.default.fileExists(atPath: path) {
                _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            }
            var configuration = Configuration()
            configuration.label = "kongur.batches"
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            let database = try DatabaseQueue(path: path, configuration: configuration)
            try database.writeWithoutTransaction { database in
                let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                let owner = try Int.fetchOne(database, sql: "PRAGMA application_id")
                let tables = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_master")
                guard owner == application ? found == version : tables == 0 else {
                    throw BatchError(
                        .invalidLocation,
                        "\(path): is of another program or of another version of this one: give another folder"
                    )
                }
                try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 4194304")
                try database.inTransaction {
                    try makeTables(database)
                    return .commit
                }
            }
            return database
        } catch let error as BatchError {
            throw error
        } catch {
            throw BatchError(.invalidLocation, "\(path): cannot be used: \(error)", cause: error)
        }
    }

    private static func makeTables(_ database: Database) throws {
        try database.execute(
            sql: """
                PRAGMA application_id = \(application);
                PRAGMA user_version = \(version);
                CREATE TABLE IF NOT EXISTS file (
                    number INTEGER PRIMARY KEY AUTOINCREMENT,
                    id TEXT NOT NULL UNIQUE,
                    owner TEXT NOT NULL,
                    name TEXT NOT NULL,
                    purpose TEXT NOT NULL,
                    byteCount INTEGER NOT NULL,
                    created INTEGER NOT NULL,
                    expires INTEGER NOT NULL
                );
                CREATE INDEX IF NOT EXISTS fileByOwner ON file (owner, number);
                CREATE TABLE IF NOT EXISTS batch (
                    number INTEGER PRIMARY KEY AUTOINCREMENT,
                    id TEXT NOT NULL UNIQUE,
                    owner TEXT NOT NULL,
                    created INTEGER NOT NULL,
                    isEnded INTEGER NOT NULL,
                    total INTEGER NOT NULL DEFAULT 0,
                    completed INTEGER NOT NULL DEFAULT 0,
                    failed INTEGER NOT NULL DEFAULT 0,
                    -- The rest, as JSON.
                    details BLOB NOT NULL
                );
                CREATE INDEX IF NOT EXISTS batchByOwner ON batch (owner, number);
                CREATE INDEX IF NOT EXISTS openBatch ON batch (number) WHERE isEnded = 0;
                CREATE TABLE IF NOT EXISTS line (
                    batch TEXT NOT NULL,
                    number INTEGER NOT NULL,
                    offset INTEGER NOT NULL,
                    byteCount INTEGER NOT NULL,
                    customID TEXT NOT NULL,
                    -- Null until it has its result; then whether that is an answer.
                    isAnswered INTEGER,
                    result BLOB
                );
                CREATE UNIQUE INDEX IF NOT EXISTS lineByNumber ON line (batch, number);
                CREATE INDEX IF NOT EXISTS waitingLine ON line (batch, number) WHERE isAnswered IS NULL;
                """
        )
    }

    static func file(_ row: Row) -> StoredFile {
        StoredFile(
            id: row["id"],
            owner: row["owner"],
            name: row["name"],
            purpose: row["purpose"],
            byteCount: row["byteCount"],
            created: row["created"],
            expires: row["expires"]
        )
    }

    static func insert(_ file: StoredFile, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO file (id, owner, name, purpose, byteCount, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(
            arguments: [file.id, file.owner, file.name, file.purpose, file.byteCount, file.created, file.expires]
        )
    }

    static func batch(_ row: Row) throws -> Batch {
        var batch = try JSONDecoder().decode(Batch.self, from: row["details"] as Data)
        batch.counts = Batch.Counts(total: row["total"], completed: row["completed"], failed: row["failed"])
        return batch
    }

    static func batch(_ id: String, _ database: Database) throws -> Batch? {
        try Row.fetchOne(database.cachedStatement(sql: "SELECT * FROM batch WHERE id = ?"), arguments: [id]).map(batch)
    }

    static func insert(_ batch: Batch, _ database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT INTO batch (id, owner, created, isEnded, details) VALUES (?, ?, ?, 0, ?)"
        ).execute(arguments: [batch.id, batch.owner, batch.created, try JSONEncoder().encode(batch)])
    }

    /// Writes all of a batch but its counts, which change with its lines.
    static func update(_ batch: Batch, _ database: Database) throws {
        try database.cachedStatement(sql: "UPDATE batch SET isEnded = ?, details = ? WHERE id = ?")
            .execute(arguments: [batch.status.isEnd, try JSONEncoder().encode(batch), batch.id])
    }

    static func line(_ row: Row) -> BatchLine {
        BatchLine(
            number: row["number"],
            offset: row["offset"],
            byteCount: row["byteCount"],
            customID: row["customID"]
        )
    }
}
