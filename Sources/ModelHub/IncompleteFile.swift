#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `blobs/<etag>.incomplete`: the part of a file that has arrived so far.
///
/// Bytes go straight to the file, so that a process that is killed leaves them for the next one.
final class IncompleteFile: Sendable {
    let path: String
    private let descriptor: CInt

    /// Opens the file, with what an earlier attempt left in it.
    init(_ path: String) throws(HubError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw .system("cannot be opened", path) }
    }

    deinit { close(descriptor) }

    func byteCount() throws(HubError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("cannot be measured", path) }
        return Int(status.st_size)
    }

    /// Forgets everything.
    func clear() throws(HubError) {
        guard ftruncate(descriptor, 0) == 0 else { throw .system("cannot be emptied", path) }
    }

    /// Writes `bytes` at `offset`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(HubError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor,
                bytes.baseAddress?.advanced(by: done),
                bytes.count - done,
                off_t(offset + done)
            )
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("cannot be written", path) }
            done += count
        }
    }

    /// Writes `bytes` at the start.
    func write(_ bytes: [UInt8]) throws(HubError) {
        // Typed throws do not pass through the closure of `withUnsafeBytes` on an array.
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(HubError) in try write(bytes, at: 0) }
        }
        try result.get()
    }

    /// Whether the content has the hash; reads all of it.
    func matches(_ checksum: Checksum) throws(HubError) -> Bool {
        try checksum.matches(descriptor, byteCount: byteCount(), path: path)
    }

    /// Makes the content last and gives the file its final name in the same folder.
    func commit(to final: String) throws(HubError) {
        guard fsync(descriptor) == 0 else { throw .system("cannot be synced", path) }
        guard rename(path, final) == 0 else { throw .system("cannot be renamed to \(final)", path) }
        HubCache.syncFolder(of: final)
    }

    func remove() {
        unlink(path)
    }
}
