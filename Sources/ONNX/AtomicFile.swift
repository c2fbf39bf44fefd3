#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that appears under its name whole or not at all.
struct AtomicFile: ~Copyable {
    private let path: String
    private let temporaryPath: String
    private let descriptor: Int32

    /// Creates the temporary file beside `path`.
    init(path: String) throws(ONNXError) {
        self.path = path
        temporaryPath = "\(path).\(getpid()).tmp"
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure("cannot be written", path) }
    }

    deinit {
        close(descriptor)
        // After a commit the name is gone already.
        unlink(temporaryPath)
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ONNXError) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            // Linux writes at most 2 GiB at once.
            let count = pwrite(descriptor, base + done, min(bytes.count - done, 1 << 30), off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("cannot be written", temporaryPath) }
            done += count
        }
    }

    func sync() throws(ONNXError) {
        guard fsync(descriptor) == 0 else { throw Self.failure("cannot be written", temporaryPath) }
    }

    /// Gives the file its name.
    consuming func commit() throws(ONNXError) {
        guard rename(temporaryPath, path) == 0 else { throw Self.failure("cannot be renamed", temporaryPath) }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    /// Removes a file, if there is one.
    static func remove(_ path: String) throws(ONNXError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("cannot be replaced", path) }
    }

    private static func failure(_ what: String, _ path: String) -> ONNXError {
        ONNXError(.fileNotWritable, "\(path): \(what): \(String(cString: strerror(errno)))")
    }
}
