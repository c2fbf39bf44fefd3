import Foundation

/// What tells that a file is the same as before without reading it: no program but the system's own sets the time of change.
struct FileState: Codable, Sendable, Hashable {
    var name: String
    var byteCount: Int
    var inode: UInt64
    /// Nanoseconds since 1970.
    var modified: Int
    var changed: Int

    /// Nil for what is no regular file; links are followed.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        name = URL(fileURLWithPath: path).lastPathComponent
        byteCount = Int(status.st_size)
        inode = UInt64(status.st_ino)
        #if canImport(Darwin)
            (modified, changed) = (Self.nanoseconds(status.st_mtimespec), Self.nanoseconds(status.st_ctimespec))
        #else
            (modified, changed) = (Self.nanoseconds(status.st_mtim), Self.nanoseconds(status.st_ctim))
        #endif
    }

    private static func nanoseconds(_ time: timespec) -> Int {
        Int(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000).partialValue &+ Int(time.tv_nsec)
    }
}
