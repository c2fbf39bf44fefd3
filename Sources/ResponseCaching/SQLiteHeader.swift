#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The first bytes of an SQLite file, which can be read also where the rest is damaged.
enum SQLiteHeader {
    private static let (magic, byteCount, applicationOffset) = (Array("SQLite format 3\0".utf8), 100, 68)

    /// What `PRAGMA application_id` gives; nil for a file that is no SQLite file.
    static func application(of path: String) -> Int? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var header = [UInt8](repeating: 0, count: byteCount)
        guard read(descriptor, &header, byteCount) == byteCount, header.starts(with: magic) else { return nil }
        return header[applicationOffset..<applicationOffset + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}
