import GRDB

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Files and batches in a folder, which outlive the process, however it ends.
///
/// What is recorded is on the disk when a call returns. Files' bytes lie beside an SQLite database, which alone says what
/// there is: bytes without a row are removed when the folder is opened. One process at a time has it.
package final class BatchFolder: Sendable {
    package struct Limits: Sendable, Hashable {
        /// Bytes of one file that is sent.
        package var fileByteCount: Int
        /// Files, of all owners together; as many batches may be under way.
        package var files: Int
        /// Bytes of all files.
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
    private let growth: Growth

    /// Opens the folder, or makes it.
    ///
    /// Throws `.invalidLocation` when it cannot be used, and when another process has it.
    package init(_ path: String, limits: Limits) throws(BatchError) {
        self.path = path
        self.limits = limits
        growth = Growth(limit: limits.byteCount)
        do {
            try FileManager.default.createDirectory(
                atPath: path + "/files",
                withIntermediateDirectories: true,
                // What clients send is nobody else's business.
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw BatchError(.invalidLocation, "\(path): cannot be made: \(error)", cause: error)
        }
        lock = try FolderLock(path)
        database = try BatchTables.open(path + "/batches.sqlite")
        try removeStrayFiles()
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
    package func newFile() throws(BatchError) -> (id: String, file: NewFile) {
        let id = Self.newID("file-")
        return (id, try NewFile(path(of: id), growth))
    }

    /// Runs a transaction, which is on the disk when this returns.
    func write<Value: Sendable>(
        _ work: @escaping @Sendable (Database) throws -> Value
    ) async throws(BatchError) -> Value {
        do {
            return try await database.write(work)
        } catch {
            throw failure(error)
        }
    }

    func read<Value: Sendable>(
        _ work: @escaping @Sendable (Database) throws -> Value
    ) async throws(BatchError) -> Value {
        do {
            return try await database.read(work)
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ error: any Error) -> BatchError {
        error as? BatchError ?? BatchError(.storage, "\(path): \(error)", cause: error)
    }

    /// Removes what a process that was killed had begun or not finished to remove.
    private func removeStrayFiles() throws(BatchError) {
        do {
            let known = try database.read { try Set(String.fetchAll($0, sql: "SELECT id FROM file")) }
            for name in try FileManager.default.contentsOfDirectory(atPath: path + "/files") where !known.contains(name)
            {
                try FileManager.default.removeItem(atPath: path(of: name))
            }
        } catch {
            throw failure(error)
        }
    }
}
