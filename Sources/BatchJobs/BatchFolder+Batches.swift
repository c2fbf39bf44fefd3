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
    /// Throws `.notFound` when its input is no file of its owner's, and `.tooMuch` while too many are under way.
    package func add(_ batch: Batch) async throws(BatchError) {
        let limit = limits.files
        try await write { database in
            let input = try Row.fetchOne(
                database,
                sql: "SELECT * FROM file WHERE id = ? AND owner = ?",
                arguments: [batch.inputFile, batch.owner]
            )
            guard let input, BatchTables.file(input).purpose == "batch" else {
                throw BatchError(.notFound, "there is no file '\(batch.inputFile)' whose purpose is 'batch'")
            }
            guard try Self.fetchOpenBatches(database).count < limit else {
                throw BatchError(.tooMuch, "\(limit) batches are under way: ask again later")
            }
            try BatchTables.insert(batch, database)
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
            return Page(elements: try rows.map(BatchTables.batch), hasMore: hasMore)
        }
    }

    /// All batches that have not ended, the oldest first.
    package func openBatches() async throws(BatchError) -> [Batch] {
        try await read { try Self.fetchOpenBatches($0) }
    }

    static func fetchOpenBatches(_ database: Database) throws -> [Batch] {
        try Row.fetchAll(database.cachedStatement(sql: "SELECT * FROM batch WHERE isEnded = 0 ORDER BY number"))
            .map(BatchTables.batch)
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
    /// Nothing happens to a batch that has been cancelled meanwhile.
    package func validated(_ id: String, _ input: BatchInput, at now: Int) async throws(BatchError) {
        try await write { database in
            guard var batch = try BatchTables.batch(id, database), batch.status == .validating else { return }
            batch.faults = input.faults
            batch.enter(input.faults.isEmpty ? .inProgress : .failed, at: now)
            try BatchTables.update(batch, database)
            guard input.faults.isEmpty else { return }
            let insert = try database.cachedStatement(
                sql: "INSERT INTO line (batch, number, offset, byteCount, customID) VALUES (?, ?, ?, ?, ?)"
            )
            for line in input.lines {
                try insert.execute(arguments: [id, line.number, line.offset, line.byteCount, line.customID])
            }
            try database.execute(sql: "UPDATE batch SET total = ? WHERE id = ?", arguments: [input.lines.count, id])
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
            ).map(BatchTables.line)
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
        try await write { database in
            try database.cachedStatement(
                sql: "UPDATE line SET isAnswered = ?, result = ? WHERE batch = ? AND number = ? AND isAnswered IS NULL"
            ).execute(arguments: [isAnswer, Data(result), batch, line])
            guard database.changesCount == 1 else { return false }
            try database.cachedStatement(
                sql: isAnswer
                    ? "UPDATE batch SET completed = completed + 1 WHERE id = ?"
                    : "UPDATE batch SET failed = failed + 1 WHERE id = ?"
            ).execute(arguments: [batch])
            return true
        }
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
        if let unfinished {
            for line in try await waitingLines(id, limit: .max) {
                _ = try await record(unfinished(line), isAnswer: false, of: line.number, in: id)
            }
        }
        guard let batch = try await read({ try BatchTables.batch(id, $0) }) else {
            throw BatchError(.notFound, "there is no batch '\(id)'")
        }
        let answers = try await writeResults(of: batch, areAnswers: true, named: "output", at: now)
        let faults = try await writeResults(of: batch, areAnswers: false, named: "error", at: now)
        return try await write { database in
            var batch = batch
            for file in [answers, faults].compactMap(\.self) { try BatchTables.insert(file, database) }
            batch.outputFile = answers?.id
            batch.errorFile = faults?.id
            batch.enter(status, at: now)
            try BatchTables.update(batch, database)
            try database.execute(sql: "DELETE FROM line WHERE batch = ?", arguments: [id])
            return batch
        }
    }

    /// Writes the results of one kind to a file that is not listed yet; nil when there are none.
    private func writeResults(
        of batch: Batch,
        areAnswers: Bool,
        named name: String,
        at now: Int
    ) async throws(BatchError) -> StoredFile? {
        guard (areAnswers ? batch.counts.completed : batch.counts.failed) > 0 else { return nil }
        let id = Self.newID("file-")
        let file = try NewFile(path(of: id))
        try await read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT result FROM line WHERE batch = ? AND isAnswered = ? ORDER BY number",
                arguments: [batch.id, areAnswers]
            )
            while let row = try rows.next() { try file.append([UInt8](row[0] as Data) + [UInt8(ascii: "\n")]) }
        }
        try await file.keep()
        return StoredFile(
            id: id,
            owner: batch.owner,
            name: "\(batch.id)_\(name).jsonl",
            purpose: "batch_output",
            byteCount: file.byteCount,
            created: now,
            expires: now + batch.outputLifetime
        )
    }
}
