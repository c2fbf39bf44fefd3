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
    /// Throws `.tooMuch` when there are too many already, or too large ones.
    package func keep(_ new: NewFile, as file: StoredFile) async throws(BatchError) {
        let limits = limits
        let check = { @Sendable (database: Database) throws in
            let count = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM file") ?? 0
            let bytes = try Self.byteCount(database)
            guard count < limits.files, bytes + file.byteCount <= limits.byteCount else {
                throw BatchError(
                    .tooMuch,
                    "\(limits.files) files of \(limits.byteCount >> 20) MiB in all are kept here: delete some of yours, or ask again later"
                )
            }
        }
        // Before the bytes are brought to the disk, and again when they count.
        try await read(check)
        try await new.keep()
        do throws(BatchError) {
            try await write { database in
                try check(database)
                try BatchTables.insert(file, database)
            }
        } catch {
            unlink(new.path)
            throw error
        }
    }

    /// A file of an owner's; nil when there is none of that name.
    package func file(_ id: String, owner: String) async throws(BatchError) -> StoredFile? {
        try await read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM file WHERE id = ? AND owner = ?", arguments: [id, owner])
                .map(BatchTables.file)
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
            return Page(elements: rows.map(BatchTables.file), hasMore: hasMore)
        }
    }

    /// Removes a file; whoever is reading it reads on.
    ///
    /// Throws `.notFound`, and `.inUse` while a batch works on it.
    package func removeFile(_ id: String, owner: String) async throws(BatchError) {
        try await write { database in
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
        unlink(path(of: id))
    }

    /// Bytes of all files.
    package func byteCount() async throws(BatchError) -> Int {
        try await read { try Self.byteCount($0) }
    }

    private static func byteCount(_ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT COALESCE(SUM(byteCount), 0) FROM file") ?? 0
    }

    /// Removes what is to be kept no longer: files that no batch works on, and batches that have ended.
    package func clean(at now: Int) async throws(BatchError) {
        let expired = try await write { database in
            let inputs = try Set(Self.fetchOpenBatches(database).map(\.inputFile))
            let expired = try String.fetchAll(database, sql: "SELECT id FROM file WHERE expires <= ?", arguments: [now])
                .filter { !inputs.contains($0) }
            for id in expired { try database.execute(sql: "DELETE FROM file WHERE id = ?", arguments: [id]) }
            try database.execute(
                sql: "DELETE FROM batch WHERE isEnded = 1 AND created <= ?",
                arguments: [now - Self.lifetime]
            )
            return expired
        }
        for id in expired { unlink(path(of: id)) }
    }
}
