import Dispatch
import GRDB
package import Logging
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Answers in a file, which outlive the process, however it ends.
///
/// Works on a thread of its own. A file of ours that is damaged is set aside under a name that ends in `.damaged`, or in that
/// and a number, and a new one is begun. Any other file is refused and stays as it is.
package final class SQLiteResponseCache: ResponseCache {
    private struct State {
        /// Nil after a failure; the next call opens it again.
        var table: AnswerTable?
        /// The thread is busy with something that somebody has given up waiting for: nobody else waits behind it.
        var isStuck = false
    }

    private let path: String
    private let byteCount: Int
    private let patience: Duration
    private let logger: Logger
    private let queue = DispatchQueue(label: "kongur.cache.sqlite")
    /// The table is used on `queue` alone.
    private let state = Mutex(State())

    /// Opens or makes the file, which holds at most `byteCount` bytes of answers and what keeping them takes; what is used
    /// longest ago goes first.
    ///
    /// Throws `.invalidLocation` when there can be no such file, and when it is another program's.
    package init(
        path: String,
        byteCount: Int,
        patience: Duration = Patience.usual,
        logger: Logger
    ) throws(CacheError) {
        self.path = path
        self.byteCount = byteCount
        self.patience = patience
        self.logger = logger
        let table = try open()
        state.withLock { $0.table = table }
    }

    package func value(for key: CacheKey) async throws(CacheError) -> [UInt8]? {
        try await perform { table in
            guard let stored = try table.value(for: key) else { return nil }
            if let value = StoredValue.unwrap(stored, for: key) { return value }
            try table.removeValue(for: key)
            return nil
        }
    }

    package func setValue(_ value: [UInt8], for key: CacheKey, expiresIn: Duration?) async throws(CacheError) {
        let stored = StoredValue.wrap(value, for: key)
        try await perform { try $0.setValue(stored, for: key, expiresIn: expiresIn) }
    }

    package func removeValue(for key: CacheKey) async throws(CacheError) {
        try await perform { try $0.removeValue(for: key) }
    }

    /// Of the file and its log.
    package var heldByteCount: Int? {
        ["", "-wal"].reduce(nil) { sum, suffix in
            let attributes = try? FileManager.default.attributesOfItem(atPath: path + suffix)
            return (attributes?[.size] as? Int).map { $0 + (sum ?? 0) } ?? sum
        }
    }

    private func perform<Value: Sendable>(
        _ work: @escaping @Sendable (AnswerTable) throws -> Value
    ) async throws(CacheError) -> Value {
        let slow = CacheError(.timedOut, "\(path): did not answer within \(patience)")
        guard !state.withLock(\.isStuck) else { throw slow }
        do {
            return try await LimitedWait<Value>.run(patience, slow) { wait in
                queue.async {
                    if wait.isWaiting { wait.finish(self.result(of: work)) }
                }
            }
        } catch {
            if error.code == .timedOut {
                state.withLock { $0.isStuck = true }
                queue.async { self.state.withLock { $0.isStuck = false } }
            }
            throw error
        }
    }

    private func result<Value>(of work: (AnswerTable) throws -> Value) -> Result<Value, CacheError> {
        let known = state.withLock(\.table)
        do {
            let table = try known ?? open()
            state.withLock { $0.table = table }
            return .success(try work(table))
        } catch let error as CacheError {
            return .failure(error)
        } catch {
            let code = (error as? DatabaseError)?.resultCode
            // Others write to it, or the disk is full: the file is sound.
            if code == .SQLITE_BUSY || code == .SQLITE_FULL {
                return .failure(CacheError(.refused, "\(path): \(error)", cause: error))
            }
            state.withLock { $0.table = nil }
            try? known?.close()
            guard AnswerTable.isDamage(error), AnswerTable.isOurs(path) else {
                return .failure(CacheError(.unavailable, "\(path): \(error)", cause: error))
            }
            return .failure(setAside(error))
        }
    }

    /// The table; of a damaged file, the one that is begun in its place.
    private func open() throws(CacheError) -> AnswerTable {
        for isLast in [false, true] {
            do {
                return try AnswerTable(path: path, byteCount: byteCount, busyTimeout: patience / 2)
            } catch let error as CacheError {
                throw error
            } catch {
                if AnswerTable.isDamage(error), !isLast {
                    guard AnswerTable.isOurs(path) else {
                        throw CacheError(
                            .invalidLocation,
                            "\(path): is there already and is no cache of Kongur's; give a path of its own for the cache",
                            cause: error
                        )
                    }
                    _ = setAside(error)
                    continue
                }
                throw CacheError(.invalidLocation, "\(path): cannot be used as a cache: \(error)", cause: error)
            }
        }
        preconditionFailure("the last round returns or throws")
    }

    /// Moves a damaged file away, under a name that nothing has.
    private func setAside(_ error: any Error) -> CacheError {
        let names = [path + ".damaged"] + (2...99).map { "\(path).damaged-\($0)" }
        let suffixes = ["", "-wal", "-shm"]
        let free = names.first { name in
            suffixes.allSatisfy { !FileManager.default.fileExists(atPath: name + $0) }
        }
        guard let aside = free else {
            return CacheError(.damaged, "\(path): damaged; remove it, and what was set aside before", cause: error)
        }
        for suffix in suffixes {
            try? FileManager.default.moveItem(atPath: path + suffix, toPath: aside + suffix)
        }
        logger.warning(
            "the response cache is damaged and was set aside",
            metadata: ["path": "\(path)", "aside": "\(aside)", "reason": "\(error)"]
        )
        return CacheError(.damaged, "\(path): damaged, and set aside as \(aside): \(error)", cause: error)
    }
}
