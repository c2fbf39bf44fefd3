#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A folder's lock against other processes, which goes with this one, however it ends.
final class FolderLock: Sendable {
    private let descriptor: CInt

    /// Throws `.invalidLocation` when another process has it, or it cannot be made.
    init(_ folder: String) throws(BatchError) {
        let descriptor = open(folder + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system(.invalidLocation, folder, "cannot be used") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw BatchError(.invalidLocation, "\(folder): another server has it: give this one a folder of its own")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
