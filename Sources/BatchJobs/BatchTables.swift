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
            // Others that have the file for a moment, such as a copy being made, are waited for.
            configuration.busyMode = .timeout(5)
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
                // What lines took is given back to the disk when their batch has ended; for new files alone.
                try database.execute(
                    sql: """
                        PRAGMA auto_vacuum = INCREMENTAL;
                        PRAGMA journal_mode = WAL;
                        PRAGMA journal_size_limit = 4194304;
                        """
                )
                try database.inTransaction {
                    try makeTables(database)
                    try addColumns(database)
                    return .commit
                }
            }
            return database
        } catch let error as BatchError {
            throw error
        } catch  where isBusy(error) {
            throw BatchError(
                .invalidLocation,
                "\(path): another program has locked it: end that first, and start again",
                cause: error
            )
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
                -- One row: when the folder was last in use.
                CREATE TABLE IF NOT EXISTS clock (seen INTEGER NOT NULL);
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

    /// What files of earlier versions have not: the bytes that a batch's record and lines take, and its results.
    private static func addColumns(_ database: Database) throws {
        let names = try Row.fetchAll(database, sql: "PRAGMA table_info(batch)")
            .compactMap { try? $0.decode(String.self, forColumn: "name") }
        guard !names.contains("bytes") else { return }
        try database.execute(
            sql: """
                ALTER TABLE batch ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
                ALTER TABLE batch ADD COLUMN resultBytes INTEGER NOT NULL DEFAULT 0;
                UPDATE batch SET
                    bytes = length(details) + \(rowByteCount) + COALESCE(
                        (SELECT SUM(length(customID) + \(rowByteCount)) FROM line WHERE batch = batch.id), 0),
                    resultBytes = COALESCE((SELECT SUM(length(result)) FROM line WHERE batch = batch.id), 0);
                """
        )
    }

    /// Whether an error says that another program has the database.
    static func isBusy(_ error: any Error) -> Bool {
        let code = (error as? DatabaseError)?.resultCode
        return code == .SQLITE_BUSY || code == .SQLITE_LOCKED
    }

    // MARK: Rows
    //
    // A file from outside may hold anything: what can be no file, batch or line is passed over, and so is what would
    // overflow.

    /// What a number of bytes or seconds can be.
    static let numbers = 0...1 << 50

    /// Bytes that a row takes with its place in the indices, texts and results aside.
    private static let rowByteCount = 200

    static func file(_ row: Row) -> StoredFile? {
        guard let id = text(row, "id"), isName(id), let owner = text(row, "owner"), let name = text(row, "name"),
            let purpose = text(row, "purpose"), let byteCount = number(row, "byteCount"),
            let created = number(row, "created"), let expires = try? row.decode(Int.self, forColumn: "expires")
        else { return nil }
        return StoredFile(
            id: id,
            owner: owner,
            name: name,
            purpose: purpose,
            byteCount: byteCount,
            created: created,
            expires: expires
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

    static func batch(_ row: Row) -> Batch? {
        guard let details = try? row.decode(Data.self, forColumn: "details"),
            var batch = try? JSONDecoder().decode(Batch.self, from: details), isName(batch.inputFile),
            [batch.created, batch.expires, batch.outputLifetime].allSatisfy(numbers.contains),
            let total = number(row, "total"), let completed = number(row, "completed"),
            let failed = number(row, "failed"), completed + failed <= total
        else { return nil }
        batch.counts = Batch.Counts(total: total, completed: completed, failed: failed)
        return batch
    }

    static func batch(_ id: String, _ database: Database) throws -> Batch? {
        try Row.fetchOne(database.cachedStatement(sql: "SELECT * FROM batch WHERE id = ?"), arguments: [id])
            .flatMap(batch)
    }

    /// Adds a batch, for whose lines so many bytes are kept free.
    static func insert(_ batch: Batch, lineByteCount: Int, _ database: Database) throws {
        let details = try JSONEncoder().encode(batch)
        try database.cachedStatement(
            sql: "INSERT INTO batch (id, owner, created, isEnded, details, bytes) VALUES (?, ?, ?, 0, ?, ?)"
        ).execute(
            arguments: [batch.id, batch.owner, batch.created, details, details.count + rowByteCount + lineByteCount]
        )
    }

    /// Writes all of a batch but its counts, which change with its lines.
    ///
    /// Of one that has ended nothing else is left.
    static func update(_ batch: Batch, _ database: Database) throws {
        let details = try JSONEncoder().encode(batch)
        try database.cachedStatement(sql: "UPDATE batch SET isEnded = ?, details = ? WHERE id = ?")
            .execute(arguments: [batch.status.isEnd, details, batch.id])
        guard batch.status.isEnd else { return }
        try database.cachedStatement(sql: "UPDATE batch SET bytes = ?, resultBytes = 0 WHERE id = ?")
            .execute(arguments: [details.count + rowByteCount, batch.id])
    }

    /// Adds the lines of a batch and counts what they take.
    static func insert(_ lines: [BatchLine], of batch: Batch, _ database: Database) throws {
        let insert = try database.cachedStatement(
            sql: "INSERT INTO line (batch, number, offset, byteCount, customID) VALUES (?, ?, ?, ?, ?)"
        )
        var bytes = rowByteCount + (try JSONEncoder().encode(batch).count)
        for line in lines {
            try insert.execute(arguments: [batch.id, line.number, line.offset, line.byteCount, line.customID])
            bytes += line.customID.utf8.count + rowByteCount
        }
        try database.execute(
            sql: "UPDATE batch SET total = ?, bytes = ? WHERE id = ?",
            arguments: [lines.count, bytes, batch.id]
        )
    }

    /// One whose place in the file cannot be is at no place, and its request no JSON.
    static func line(_ row: Row) -> BatchLine? {
        guard let number = number(row, "number") else { return nil }
        let (offset, count) = (self.number(row, "offset"), self.number(row, "byteCount"))
        let isSound = offset != nil && count != nil
        return BatchLine(
            number: number,
            offset: isSound ? offset ?? 0 : 0,
            byteCount: isSound ? count ?? 0 : 0,
            customID: text(row, "customID") ?? ""
        )
    }

    /// What each owner has.
    static func holdings(_ database: Database) throws -> [String: BatchStorage.Holding] {
        // What is no number of bytes belongs to nothing that anybody sees.
        func total(_ column: String) -> String {
            "TOTAL(CASE WHEN typeof(\(column)) = 'integer' AND \(column) BETWEEN 0 AND \(numbers.upperBound) THEN \(column) END)"
        }
        func sum(_ row: Row, _ index: Int) -> Int {
            let sum = (try? row.decode(Double.self, atIndex: index)) ?? 0
            return Int(min(max(0, sum), Double(numbers.upperBound)))
        }
        var holdings: [String: BatchStorage.Holding] = [:]
        for row in try Row.fetchAll(
            database,
            sql: "SELECT owner, COUNT(*), \(total("byteCount")) FROM file GROUP BY owner"
        ) {
            let owner = (try? row.decode(String.self, atIndex: 0)) ?? ""
            holdings[owner, default: .init()].files += sum(row, 1)
            holdings[owner, default: .init()].bytes += sum(row, 2)
        }
        for row in try Row.fetchAll(
            database,
            // A result counts twice: it becomes part of a file before its row goes.
            sql: """
                SELECT owner, TOTAL(isEnded = 0), \(total("bytes")) + 2 * \(total("resultBytes")) FROM batch GROUP BY owner
                """
        ) {
            let owner = (try? row.decode(String.self, atIndex: 0)) ?? ""
            holdings[owner, default: .init()].batches += sum(row, 1)
            holdings[owner, default: .init()].bytes += sum(row, 2)
        }
        return holdings
    }

    private static func text(_ row: Row, _ column: String) -> String? {
        try? row.decode(String.self, forColumn: column)
    }

    private static func number(_ row: Row, _ column: String) -> Int? {
        (try? row.decode(Int.self, forColumn: column)).flatMap { numbers.contains($0) ? $0 : nil }
    }

    /// Whether it can be the name of a file in the folder, and nothing elsewhere.
    static func isName(_ id: String) -> Bool {
        !id.isEmpty && id.utf8.count <= 256
            && id.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
                default: false
                }
            }
    }
}
