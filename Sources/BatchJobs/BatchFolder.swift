import GRDB
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Files and batches in a folder, which outlive the process, however it ends.
///
/// What is recorded is on the disk when a call returns. Files' bytes lie beside an SQLite database, which alone says what
/// there is: bytes of ours without a row are removed when the folder is opened. One process at a time has it.
package final class BatchFolder: Sendable {
    package struct Limits: Sendable, Hashable {
        /// Bytes of one file that is sent.
        package var fileByteCount: Int
        /// Files, of all owners together; as many batches may be under way.
        package var files: Int
        /// Bytes of all files, and of all batches with their lines and results.
        package var byteCount: Int

        package init(fileByteCount: Int, files: Int, byteCount: Int) {
            self.fileByteCount = fileByteCount
            self.files = files
            self.byteCount = byteCount
        }
    }

    /// Seconds for which files are kept where nothing else is said, and the records of batches that have ended.
    package static let lifetime = 30 * 86_400

    package let path: String
    package let limits: Limits
    private let lock: FolderLock
    private let database: DatabaseQueue
    let storage: BatchStorage
    let clock = Mutex<SeenTime?>(nil)
    /// When the database was last given up as locked by another program.
    private let busy = Mutex<ContinuousClock.Instant?>(nil)

    /// Opens the folder, or makes it.
    ///
    /// `weights` are of all who may have something in it, by owner; where there are several, each gets a share.
    /// Throws `.invalidLocation` when it cannot be used, when it holds files and no database of ours, and when another process
    /// has it.
    package init(
        _ path: String,
        limits: Limits,
        weights: @escaping @Sendable () -> [String: Int] = { [:] }
    ) throws(BatchError) {
        self.path = path
        self.limits = limits
        storage = BatchStorage(limits, weights: weights)
        do {
            try FileManager.default.createDirectory(
                atPath: path + "/files",
                withIntermediateDirectories: true,
                // What clients send is nobody else's business.
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw BatchError(.invalidLocation, "\(path): cannot be made: \(Self.reason(error, path))", cause: error)
        }
        try Self.checkContents(of: path)
        lock = try FolderLock(path)
        database = try BatchTables.open(path + "/batches.sqlite")
        try removeStrayFiles()
        try countStorage()
    }

    deinit { try? database.close() }

    /// A name that nothing else has.
    package static func newID(_ prefix: String) -> String {
        let digits = (0..<2).map { _ in
            let text = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        return prefix + digits.joined()
    }

    /// Where the bytes of a file are.
    package func path(of file: String) -> String { "\(path)/files/\(file)" }

    /// Begins a file of a client's; `keep` finishes it.
    package func newFile(owner: String) throws(BatchError) -> (id: String, file: NewFile) {
        let id = Self.newID("file-")
        return (id, try NewFile(path(of: id), of: owner, in: storage))
    }

    /// Runs a transaction, which is on the disk when this returns.
    ///
    /// Throws `.busy` when another program has the database locked for longer than it is waited for.
    func write<Value: Sendable>(
        _ work: @escaping @Sendable (Database) throws -> Value
    ) async throws(BatchError) -> Value {
        try await perform { database in
            var value: Value?
            try database.inTransaction(.immediate) {
                value = try work(database)
                return .commit
            }
            guard let value else { preconditionFailure("the transaction was committed") }
            return value
        }
    }

    func read<Value: Sendable>(
        _ work: @escaping @Sendable (Database) throws -> Value
    ) async throws(BatchError) -> Value {
        try await perform { database in
            var value: Value?
            try database.inTransaction(.deferred) {
                value = try work(database)
                return .commit
            }
            guard let value else { preconditionFailure("the transaction was committed") }
            return value
        }
    }

    /// Brings the log of the database into it and gives its bytes back; another time where somebody reads.
    func shortenLog() async {
        _ = try? await perform { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    }

    private func perform<Value: Sendable>(
        _ work: @escaping @Sendable (Database) throws -> Value
    ) async throws(BatchError) -> Value {
        let asked = ContinuousClock.now
        do {
            return try await database.writeWithoutTransaction { database in
                // Calls wait in line: what one has waited for in vain the next one does not wait for again.
                if let busy = self.busy.withLock(\.self), busy > asked { throw Self.locked }
                return try work(database)
            }
        } catch {
            throw failure(error)
        }
    }

    private static let locked = BatchError(
        .busy,
        "another program has locked the database of batches: ask again later"
    )

    private func failure(_ error: any Error) -> BatchError {
        if BatchTables.isBusy(error) {
            busy.withLock { $0 = .now }
            return BatchError(.busy, Self.locked.message, cause: error)
        }
        return error as? BatchError ?? BatchError(.storage, "\(path): \(error)", cause: error)
    }

    private func countStorage() throws(BatchError) {
        do {
            storage.replace(try database.read { try BatchTables.holdings($0) })
        } catch {
            throw failure(error)
        }
    }

    /// Refuses a folder with files that no database of ours can know.
    private static func checkContents(of path: String) throws(BatchError) {
        guard !FileManager.default.fileExists(atPath: path + "/batches.sqlite"),
            let name = try? FileManager.default.contentsOfDirectory(atPath: path + "/files").first
        else { return }
        throw BatchError(
            .invalidLocation,
            "\(path)/files: holds '\(name)', and there is no batches.sqlite: it is no folder of batches; give an empty or a new one"
        )
    }

    /// The system's reason why a folder cannot be made.
    private static func reason(_ error: any Error, _ path: String) -> String {
        switch (error as? CocoaError)?.code {
        case .fileWriteNoPermission, .fileReadNoPermission: "permission denied"
        case .fileWriteFileExists: "a file is in its place"
        case .fileWriteOutOfSpace: "no space is left"
        case .fileWriteVolumeReadOnly: "the file system is read-only"
        default: "a file is in its place, or the folder above it cannot be written"
        }
    }

    /// Whether a name is one that `newID` or `NewFile` gave; what else lies in the folder is not ours.
    private static func isOurs(_ name: String) -> Bool {
        let id = name.hasSuffix(NewFile.suffix) ? name.dropLast(NewFile.suffix.count) : name[...]
        let digits = id.dropFirst("file-".count)
        return id.hasPrefix("file-") && digits.utf8.count == 32
            && digits.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
            }
    }

    /// Removes what a process that was killed had begun or not finished to remove.
    private func removeStrayFiles() throws(BatchError) {
        do {
            let known = try database.read { database in
                try Set(String.fetchAll(database, sql: "SELECT id FROM file WHERE typeof(id) = 'text'"))
            }
            for name in try FileManager.default.contentsOfDirectory(atPath: path + "/files")
            where !known.contains(name) && Self.isOurs(name) {
                // Of a folder of that name nothing goes.
                unlink(path(of: name))
            }
        } catch {
            throw failure(error)
        }
    }
}
