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

    /// Up to `count` bytes; none at the end, and none where no file has any.
    package func read(at offset: Int, count: Int) throws(BatchError) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(.storage, path, "cannot be read") }
        let end = Int(status.st_size)
        guard (0..<max(end, 1)).contains(offset), count > 0 else { return [] }
        let count = min(count, end - offset)
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

    /// What the name of a file that is not whole ends with.
    static let suffix = ".part"

    let path: String
    private let temporaryPath: String
    private let descriptor: CInt
    private let storage: BatchStorage?
    private let owner: String
    private let state = Mutex(State())

    /// Bytes count as the owner's in `storage` until the file is kept or given up.
    init(_ path: String, of owner: String = "", in storage: BatchStorage? = nil) throws(BatchError) {
        self.path = path
        self.owner = owner
        self.storage = storage
        temporaryPath = path + Self.suffix
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system(.storage, temporaryPath, "cannot be written") }
    }

    deinit {
        close(descriptor)
        let (byteCount, isKept) = state.withLock { ($0.byteCount, $0.isKept) }
        if isKept { return }
        unlink(temporaryPath)
        storage?.shrink(owner, by: byteCount)
    }

    package var byteCount: Int { state.withLock(\.byteCount) }

    /// Adds bytes; blocks.
    ///
    /// Throws `.tooMuch` when its owner may not have so much.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(BatchError) {
        try storage?.grow(owner, by: bytes.count)
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
        let byteCount = state.withLock { state in
            state.isKept = true
            return state.byteCount
        }
        storage?.shrink(owner, by: byteCount)
        syncFolder(of: path)
    }
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
