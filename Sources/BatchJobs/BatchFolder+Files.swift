import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Files.
extension BatchFolder {
    /// Finishes a file and lists it.
    ///
    /// Throws `.tooMuch` when its owner may not have one more, or so large a one.
    package func keep(_ new: NewFile, as file: StoredFile) async throws(BatchError) {
        // Before the bytes are brought to the disk, and again when they count.
        try storage.check(file.owner, files: 1)
        try await followClock()
        try await new.keep()
        do throws(BatchError) {
            try await change { [storage] database in
                try storage.check(file.owner, bytes: file.byteCount, files: 1)
                try BatchTables.insert(file, database)
            }
        } catch {
            unlink(new.path)
            throw error
        }
    }

    /// A transaction that changes what owners have.
    func change<Value: Sendable>(
        _ work: @escaping @Sendable (Database) throws -> Value
    ) async throws(BatchError) -> Value {
        let storage = storage
        return try await write { database in
            storage.replace(try BatchTables.holdings(database))
            let value = try work(database)
            storage.replace(try BatchTables.holdings(database))
            return value
        }
    }

    /// A file of an owner's; nil when there is none of that name.
    package func file(_ id: String, owner: String) async throws(BatchError) -> StoredFile? {
        try await read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM file WHERE id = ? AND owner = ?", arguments: [id, owner])
                .flatMap(BatchTables.file)
        }
    }

    /// An owner's files.
    package func files(
        owner: String,
        purpose: String?,
        _ page: PageRequest
    ) async throws(BatchError) -> Page<StoredFile> {
        try await read { database in
            let (rows, hasMore) = try page.rows("file", owner: owner, purpose: purpose, database)
            return Page(elements: rows.compactMap(BatchTables.file), hasMore: hasMore)
        }
    }

    /// Removes a file; whoever is reading it reads on.
    ///
    /// Throws `.notFound`, and `.inUse` while a batch works on it.
    package func removeFile(_ id: String, owner: String) async throws(BatchError) {
        try await change { database in
            let found = try Int.fetchOne(
                database,
                sql: "SELECT 1 FROM file WHERE id = ? AND owner = ?",
                arguments: [id, owner]
            )
            guard found != nil else { throw BatchError(.notFound, "there is no file '\(id)'") }
            if let batch = try Self.fetchOpenBatches(database).first(where: { $0.inputFile == id }) {
                throw BatchError(.inUse, "the file is the input of '\(batch.id)': cancel that first")
            }
            try database.execute(sql: "DELETE FROM file WHERE id = ?", arguments: [id])
        }
        if BatchTables.isName(id) { unlink(path(of: id)) }
    }

    /// Bytes of all files, and of all batches with their lines and results.
    package var byteCount: Int { storage.byteCount }

    /// Whether an owner may have more.
    package func hasRoom(for owner: String) -> Bool {
        do throws(BatchError) {
            try storage.check(owner, bytes: 1)
            return true
        } catch {
            return false
        }
    }

    /// Removes what is to be kept no longer: files that no batch works on, and batches that have ended.
    package func clean(at now: Int) async throws(BatchError) {
        let expired = try await change { database in
            let inputs = try Set(Self.fetchOpenBatches(database).map(\.inputFile))
            let expired = try String.fetchAll(
                database,
                sql: "SELECT id FROM file WHERE expires <= ? AND typeof(id) = 'text'",
                arguments: [now]
            ).filter { !inputs.contains($0) }
            for id in expired { try database.execute(sql: "DELETE FROM file WHERE id = ?", arguments: [id]) }
            try database.execute(
                sql: "DELETE FROM batch WHERE isEnded = 1 AND created <= ?",
                arguments: [now - Self.lifetime]
            )
            try database.execute(sql: "PRAGMA incremental_vacuum")
            return expired
        }
        for id in expired where BatchTables.isName(id) { unlink(path(of: id)) }
    }
}
