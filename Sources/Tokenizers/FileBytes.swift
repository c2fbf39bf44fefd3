#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads whole files of a checkpoint folder.
enum FileBytes {
    /// Larger than any real tokenizer file; keeps a mistaken path (weights, a device) from filling memory.
    static let largest = 1 << 30

    /// Reads the file, or returns nil when there is none at `path`.
    static func readIfPresent(_ path: String) throws(TokenizerError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 {
            if errno == ENOENT { return nil }
            throw cannotRead(path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw cannotRead(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TokenizerError(.fileNotReadable, "\(path): not a regular file")
        }
        let size = Int(status.st_size)
        guard size <= largest else {
            throw TokenizerError(.malformedFile, "\(path): \(size) bytes is too large for a tokenizer file")
        }
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = Swift.min(size - count, 1 << 26)
                let received = pread(descriptor, buffer.baseAddress.map { $0 + count }, got, off_t(count))
                if received < 0 && errno == EINTR { continue }
                if received <= 0 {
                    failed = received < 0
                    return
                }
                count += received
            }
        }
        if failed { throw cannotRead(path) }
        return bytes
    }

    static func read(_ path: String) throws(TokenizerError) -> [UInt8] {
        guard let bytes = try readIfPresent(path) else {
            throw TokenizerError(.fileNotReadable, "\(path): no such file")
        }
        return bytes
    }

    /// Reads a file that must be UTF-8 text; a byte order mark at the start is dropped.
    static func readTextIfPresent(_ path: String) throws(TokenizerError) -> String? {
        guard var bytes = try readIfPresent(path) else { return nil }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TokenizerError(.malformedFile, "\(path): not valid UTF-8")
        }
        return text
    }

    /// The names of what a folder holds, sorted; none where there is no such folder.
    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
                        String(cString: $0)
                    }
                }
            )
        }
        return names.sorted()
    }

    private static func cannotRead(_ path: String) -> TokenizerError {
        TokenizerError(.fileNotReadable, "\(path): cannot be read: \(String(cString: strerror(errno)))")
    }
}
