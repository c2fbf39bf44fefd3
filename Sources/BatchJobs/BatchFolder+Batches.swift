import GRDB

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Batches and their lines.
extension BatchFolder {
    /// Begins a batch.
    ///
    /// Throws `.notFound` when its input is no file of its owner's, and `.tooMuch` while its owner may not have one more,
    /// or not so many lines.
    package func add(_ batch: Batch) async throws(BatchError) {
        try await followClock()
        try await change { [storage] database in
            let input = try Row.fetchOne(
                database,
                sql: "SELECT * FROM file WHERE id = ? AND owner = ?",
                arguments: [batch.inputFile, batch.owner]
            ).flatMap(BatchTables.file)
            guard let input, input.purpose == "batch" else {
                throw BatchError(.notFound, "there is no file '\(batch.inputFile)' whose purpose is 'batch'")
            }
            // Until its lines are known: their names are in the file.
            let lineByteCount = input.byteCount
            try storage.check(batch.owner, bytes: lineByteCount, batches: 1)
            try BatchTables.insert(batch, lineByteCount: lineByteCount, database)
        }
    }

    /// A batch of an owner's; nil when there is none of that name.
    package func batch(_ id: String, owner: String) async throws(BatchError) -> Batch? {
        let batch = try await read { try BatchTables.batch(id, $0) }
        return batch?.owner == owner ? batch : nil
    }

    /// An owner's batches.
    package func batches(owner: String, _ page: PageRequest) async throws(BatchError) -> Page<Batch> {
        try await read { database in
            let (rows, hasMore) = try page.rows("batch", owner: owner, database)
            return Page(elements: rows.compactMap(BatchTables.batch), hasMore: hasMore)
        }
    }

    /// All batches that have not ended, the oldest first.
    package func openBatches() async throws(BatchError) -> [Batch] {
        try await read { try Self.fetchOpenBatches($0) }
    }

    static func fetchOpenBatches(_ database: Database) throws -> [Batch] {
        try Row.fetchAll(database.cachedStatement(sql: "SELECT * FROM batch WHERE isEnded = 0 ORDER BY number"))
            .compactMap(BatchTables.batch)
    }

    /// Asks for the end of a batch; returns it as it is then.
    ///
    /// Throws `.notFound`, and `.inUse` when it has ended in another way, or is about to.
    package func cancel(_ id: String, owner: String, at now: Int) async throws(BatchError) -> Batch {
        try await write { database in
            guard var batch = try BatchTables.batch(id, database), batch.owner == owner else {
                throw BatchError(.notFound, "there is no batch '\(id)'")
            }
            switch batch.status {
            case .cancelling, .cancelled: break
            case .validating, .inProgress:
                batch.enter(.cancelling, at: now)
                try BatchTables.update(batch, database)
            case .finalizing, .completed, .failed, .expired:
                throw BatchError(.inUse, "a batch with the status '\(batch.status.rawValue)' cannot be cancelled")
            }
            return batch
        }
    }

    /// Takes what validating a batch has found: its lines, or what is wrong with it.
    ///
    /// One with more lines than its owner may have fails. Nothing happens to a batch that has been cancelled meanwhile.
    package func validated(_ id: String, _ input: BatchInput, at now: Int) async throws(BatchError) {
        do throws(BatchError) {
            try await validated(id, faults: input.faults, lines: input.lines, at: now)
        } catch {
            guard error.code == .tooMuch else { throw error }
            try await validated(id, faults: [Batch.Fault("storage_full", error.message)], lines: [], at: now)
        }
        await shortenLog()
    }

    private func validated(
        _ id: String,
        faults: [Batch.Fault],
        lines: [BatchLine],
        at now: Int
    ) async throws(BatchError) {
        try await change { [storage] database in
            guard var batch = try BatchTables.batch(id, database), batch.status == .validating else { return }
            batch.faults = faults
            batch.enter(faults.isEmpty ? .inProgress : .failed, at: now)
            try BatchTables.update(batch, database)
            guard faults.isEmpty else { return }
            try BatchTables.insert(lines, of: batch, database)
            storage.replace(try BatchTables.holdings(database))
            try storage.check(batch.owner, bytes: 1)
        }
    }

    /// The first lines of a batch that have no result.
    package func waitingLines(_ id: String, limit: Int) async throws(BatchError) -> [BatchLine] {
        try await read { database in
            try Row.fetchAll(
                database.cachedStatement(
                    sql: "SELECT * FROM line WHERE batch = ? AND isAnswered IS NULL ORDER BY number LIMIT ?"
                ),
                arguments: [id, limit]
            ).compactMap(BatchTables.line)
        }
    }

    /// Records a line's result, once: in one transaction with its being done.
    ///
    /// False when it had one.
    package func record(
        _ result: [UInt8],
        isAnswer: Bool,
        of line: Int,
        in batch: String
    ) async throws(BatchError) -> Bool {
        let owner = try await write { database -> String? in
            try database.cachedStatement(
                sql: "UPDATE line SET isAnswered = ?, result = ? WHERE batch = ? AND number = ? AND isAnswered IS NULL"
            ).execute(arguments: [isAnswer, Data(result), batch, line])
            guard database.changesCount == 1 else { return nil }
            let count = isAnswer ? "completed" : "failed"
            try database.cachedStatement(
                sql: "UPDATE batch SET \(count) = \(count) + 1, resultBytes = resultBytes + ? WHERE id = ?"
            ).execute(arguments: [result.count, batch])
            return try String.fetchOne(
                database.cachedStatement(sql: "SELECT owner FROM batch WHERE id = ?"),
                arguments: [batch]
            ) ?? ""
        }
        guard let owner else { return false }
        storage.add(owner, bytes: 2 * result.count)
        return true
    }

    /// Says that nothing but the files of a batch is missing.
    package func finalize(_ id: String, at now: Int) async throws(BatchError) {
        try await write { database in
            guard var batch = try BatchTables.batch(id, database), batch.status == .inProgress else { return }
            batch.enter(.finalizing, at: now)
            try BatchTables.update(batch, database)
        }
    }

    /// Ends a batch: its results become files, in the order of its lines.
    ///
    /// Returns it as it is then. Lines without a result get that of `unfinished` where there is one, and count as failed.
    package func end(
        _ id: String,
        as status: Batch.Status,
        at now: Int,
        unfinished: (@Sendable (BatchLine) -> [UInt8])? = nil
    ) async throws(BatchError) -> Batch {
        guard let batch = try await read({ try BatchTables.batch(id, $0) }) else {
            throw BatchError(.notFound, "there is no batch '\(id)'")
        }
        let answers = try await writeResults(
            of: batch,
            "SELECT * FROM line WHERE batch = ? AND isAnswered ORDER BY number",
            named: "output",
            at: now
        )
        let faults = try await writeResults(
            of: batch,
            "SELECT * FROM line WHERE batch = ? AND (isAnswered IS NULL OR NOT isAnswered) ORDER BY number",
            named: "error",
            at: now,
            unfinished
        )
        let ended = try await change { database in
            var batch = batch
            for file in [answers.file, faults.file].compactMap(\.self) { try BatchTables.insert(file, database) }
            batch.outputFile = answers.file?.id
            batch.errorFile = faults.file?.id
            batch.counts.failed += faults.added
            batch.enter(status, at: now)
            try BatchTables.update(batch, database)
            try database.execute(
                sql: "UPDATE batch SET failed = ? WHERE id = ?",
                arguments: [batch.counts.failed, id]
            )
            try database.execute(sql: "DELETE FROM line WHERE batch = ?", arguments: [id])
            try database.execute(sql: "PRAGMA incremental_vacuum")
            return batch
        }
        await shortenLog()
        return ended
    }

    /// Writes the results of lines to a file that is not listed yet; nil when there are none.
    ///
    /// Also gives how many got the result of `unfinished`, for which there is no room in the database.
    private func writeResults(
        of batch: Batch,
        _ lines: String,
        named name: String,
        at now: Int,
        _ unfinished: (@Sendable (BatchLine) -> [UInt8])? = nil
    ) async throws(BatchError) -> (file: StoredFile?, added: Int) {
        let id = Self.newID("file-")
        let file = try NewFile(path(of: id))
        let added = try await read { database in
            let rows = try Row.fetchCursor(database, sql: lines, arguments: [batch.id])
            var added = 0
            while let row = try rows.next() {
                if let result = try row.decode(Data?.self, forColumn: "result") {
                    try file.append([UInt8](result) + [UInt8(ascii: "\n")])
                } else if let unfinished, let line = BatchTables.line(row) {
                    try file.append(unfinished(line) + [UInt8(ascii: "\n")])
                    added += 1
                }
            }
            return added
        }
        guard file.byteCount > 0 else { return (nil, 0) }
        try await file.keep()
        let stored = StoredFile(
            id: id,
            owner: batch.owner,
            name: "\(batch.id)_\(name).jsonl",
            purpose: "batch_output",
            byteCount: file.byteCount,
            created: now,
            expires: now + batch.outputLifetime
        )
        return (stored, added)
    }
}
