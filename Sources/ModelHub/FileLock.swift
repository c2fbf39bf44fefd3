import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The lock file that keeps two downloads from writing one blob, shared with the hub's Python tools.
///
/// The lock is held until the value goes, or the process dies.
package struct FileLock: ~Copyable {
    private let descriptor: CInt

    /// Waits for the lock without blocking a thread; calls `onWait` once when another holds it.
    package init(_ path: String, onWait: () -> Void) async throws(HubError) {
        var hasWaited = false
        while true {
            if let descriptor = try Self.attempt(path) {
                self.descriptor = descriptor
                return
            }
            if !hasWaited { onWait() }
            hasWaited = true
            try await pause(.milliseconds(100))
        }
    }

    deinit { close(descriptor) }

    /// The open and locked file, or nil when another holds it.
    private static func attempt(_ path: String) throws(HubError) -> CInt? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o664)
        guard descriptor >= 0 else { throw .system("cannot be opened", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK || errno == EINTR
            defer { close(descriptor) }
            if isHeld { return nil }
            throw .system("cannot be locked", path)
        }
        // A tool that removes its lock files may have removed this one between our two calls.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_nlink > 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
