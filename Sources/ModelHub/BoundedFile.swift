#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Small files whose size is not to be trusted.
enum BoundedFile {
    /// The file's bytes, or nil when it cannot be read or holds more than `limit` bytes.
    static func bytes(_ path: String, limit: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let done = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count, off_t(count))
            }
            if done < 0, errno == EINTR { continue }
            guard done > 0 else { return nil }
            count += done
        }
        return bytes
    }

    /// The file's text, or nil when it cannot be read, holds more than `limit` bytes, or is not UTF-8.
    static func read(_ path: String, limit: Int) -> String? {
        bytes(path, limit: limit).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Whether `path` is a regular file, through any links.
    static func exists(_ path: String) -> Bool { byteCount(path) != nil }

    /// The size of a regular file, through any links, or nil when it is none.
    static func byteCount(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }
}
