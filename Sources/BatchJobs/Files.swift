import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is read anywhere, by several at once.
package final class ReadFile: Sendable {
    package let path: String
    private let descriptor: CInt

    /// Throws `.invalidLocation` for what is no file that can be read.
    package init(_ path: String) throws(BatchError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(.invalidLocation, path, "cannot be read") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw BatchError(.invalidLocation, "\(path): is no file whose lines can be read again: give a regular file")
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Up to `count` bytes; none at the end.
    package func read(at offset: Int, count: Int) throws(BatchError) -> [UInt8] {
        var isRead = true
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let part = pread(descriptor, buffer.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
                if part < 0, errno == EINTR { continue }
                isRead = part >= 0
                guard part > 0 else { return }
                done += part
            }
        }
        guard isRead else { throw .system(.storage, path, "cannot be read") }
        return bytes
    }

    /// The bytes of a line.
    package func read(_ line: BatchLine) throws(BatchError) -> [UInt8] {
        try read(at: line.offset, count: line.byteCount)
    }
}

/// A file that comes to be: nobody sees it before it is whole, and nothing is left of one that is given up.
package final class NewFile: Sendable {
    private struct State {
        var byteCount = 0
        var isKept = false
    }

    let path: String
    private let temporaryPath: String
    private let descriptor: CInt
    private let growth: Growth?
    private let state = Mutex(State())

    /// Bytes count to `growth` until the file is kept or given up.
    init(_ path: String, _ growth: Growth? = nil) throws(BatchError) {
        self.path = path
        self.growth = growth
        temporaryPath = path + ".part"
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system(.storage, temporaryPath, "cannot be written") }
    }

    deinit {
        close(descriptor)
        let (byteCount, isKept) = state.withLock { ($0.byteCount, $0.isKept) }
        if !isKept { unlink(temporaryPath) }
        growth?.add(-byteCount)
    }

    package var byteCount: Int { state.withLock(\.byteCount) }

    /// Adds bytes; blocks.
    ///
    /// Throws `.tooMuch` when the files that come to be are too large together.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(BatchError) {
        try growth?.check(bytes.count)
        growth?.add(bytes.count)
        state.withLock { $0.byteCount += bytes.count }
        try writeAll(bytes, to: descriptor, temporaryPath)
    }

    func append(_ bytes: [UInt8]) throws(BatchError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(BatchError) in try append(UnsafeRawBufferPointer(bytes)) }
    }

    /// Gives the file its name, once its bytes are on the disk, which may take long.
    func keep() async throws(BatchError) {
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                do throws(BatchError) {
                    try self.sync()
                    continuation.resume(returning: Result<Void, BatchError>.success(()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        try result.get()
    }

    private func sync() throws(BatchError) {
        guard fsync(descriptor) == 0, rename(temporaryPath, path) == 0 else {
            throw .system(.storage, path, "cannot be written")
        }
        state.withLock { $0.isKept = true }
        syncFolder(of: path)
    }
}

/// The bytes of files that come to be, all together.
final class Growth: Sendable {
    private let limit: Int
    private let byteCount = Mutex(0)

    init(limit: Int) {
        self.limit = limit
    }

    func check(_ count: Int) throws(BatchError) {
        guard byteCount.withLock({ $0 + count }) <= limit else {
            throw BatchError(.tooMuch, "too many files are being sent: ask again later")
        }
    }

    func add(_ count: Int) { byteCount.withLock { $0 += count } }
}

/// Writes all of it; blocks.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt, _ path: String) throws(BatchError) {
    var done = 0
    while done < bytes.count {
        let count = write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw .system(.storage, path, "cannot be written") }
        done += count
    }
}

/// Brings the names in a file's folder to the disk.
func syncFolder(of path: String) {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
}

extension BatchError {
    /// What the system has just refused.
    static func system(_ code: Code, _ path: String, _ what: String) -> BatchError {
        BatchError(code, "\(path): \(what): \(String(cString: strerror(errno)))")
    }
}
