#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that appears under its name whole or not at all, and takes the place only of one that Kongur made.
package final class AtomicFile: Sendable {
    /// Where a file will be, and the rights of the one that is there.
    package struct Place: Sendable {
        package let path: String
        fileprivate let earlier: Rights?
    }

    fileprivate struct Rights: Sendable {
        var mode: mode_t
        var owner: uid_t
        var group: gid_t
    }

    /// Where it will be; symbolic links are followed.
    package let path: String
    private let temporaryPath: String
    private let descriptor: CInt
    /// Of the file that it replaces.
    private let earlier: Rights?

    /// Creates a temporary file beside `path`, and removes those that killed processes left there.
    ///
    /// `isOurs` sees the bytes of a file that is at `path` already; an empty one may always be replaced. Throws
    /// `.fileNotWritable` for one that is not ours, for a folder or a device, and with the system's reason.
    package init(
        path: String,
        permissions: UInt32 = 0o644,
        replacing isOurs: (UnsafeRawBufferPointer) -> Bool
    ) throws(TensorError) {
        let checked = try Self.check(path, replacing: isOurs)
        let (place, earlier) = (checked.path, checked.earlier)
        let (folder, name) = PartialName.parts(of: place)
        PartialName.forEachLeftover(in: folder, where: { $0 == name }) { path, isFolder in
            if !isFolder { unlink(path) }
        }
        while true {
            let temporary = PartialName.make(for: place)
            let descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_t(permissions))
            guard descriptor >= 0 else {
                if errno == EEXIST { continue }
                throw .cannotWrite(path)
            }
            guard PartialName.lock(descriptor, temporary) else {
                close(descriptor)
                continue
            }
            (self.path, self.earlier) = (place, earlier)
            (temporaryPath, self.descriptor) = (temporary, descriptor)
            return
        }
    }

    deinit {
        // After a commit the name is gone already.
        unlink(temporaryPath)
        close(descriptor)
    }

    /// Throws as `init` does, without making anything: to be asked before long work.
    @discardableResult
    package static func check(
        _ path: String,
        replacing isOurs: (UnsafeRawBufferPointer) -> Bool
    ) throws(TensorError) -> Place {
        guard !path.isEmpty else { throw TensorError(.fileNotWritable, "the name of the file to write is empty") }
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw .cannotWrite(path) }
            guard !path.hasSuffix("/") else {
                throw TensorError(.fileNotWritable, "\(path): names a folder; give the name of a file")
            }
            return Place(path: path, earlier: nil)
        }
        var place = path
        if status.st_mode & S_IFMT == S_IFLNK {
            guard let real = realpath(path, nil) else {
                throw TensorError(
                    .fileNotWritable,
                    "\(path): is a symbolic link that leads nowhere; choose another name"
                )
            }
            place = String(cString: real)
            free(real)
            guard lstat(place, &status) == 0 else { throw .cannotWrite(path) }
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw TensorError(.fileNotWritable, "\(path): is a folder; give the name of a file")
        default: throw TensorError(.fileNotWritable, "\(path): is not a regular file and will not be replaced")
        }
        if status.st_size > 0 {
            guard try MappedFile(path: place).withBytes(isOurs) else {
                throw TensorError(
                    .fileNotWritable,
                    "\(path): is there already and was not written by this command, so it will not be replaced; choose another name, or remove it first"
                )
            }
        }
        let rights = Rights(mode: status.st_mode & 0o7777, owner: status.st_uid, group: status.st_gid)
        return Place(path: place, earlier: rights)
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(TensorError) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            // Linux writes at most 2 GiB at once.
            let count = pwrite(descriptor, base + done, min(bytes.count - done, 1 << 30), off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .cannotWrite(path) }
            done += count
        }
    }

    package func write(_ bytes: [UInt8]) throws(TensorError) {
        // Typed throws do not pass through the closure of `withUnsafeBytes` on an array.
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(TensorError) in try write(bytes, at: 0) }
        }.get()
    }

    package func sync() throws(TensorError) {
        guard fsync(descriptor) == 0 else { throw .cannotWrite(path) }
    }

    /// Gives the file its name, and the owner and the rights of the one that it replaces.
    package func commit() throws(TensorError) {
        if let earlier {
            guard
                fchown(descriptor, earlier.owner, earlier.group) == 0
                    || Self.isOwned(descriptor, earlier.owner, earlier.group),
                fchmod(descriptor, earlier.mode) == 0
            else {
                throw TensorError(
                    .fileNotWritable,
                    "\(path): belongs to another user, and would not any more; change it as that user"
                )
            }
        }
        guard rename(temporaryPath, path) == 0 else { throw .cannotWrite(path) }
        let directory = open(PartialName.parts(of: path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    private static func isOwned(_ descriptor: CInt, _ owner: uid_t, _ group: gid_t) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_uid == owner && status.st_gid == group
    }
}
