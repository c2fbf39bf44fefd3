#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A whole file mapped for reading.
///
/// Pages are read when touched and shared between processes, so opening costs nothing in the file's size.
/// A file that another process truncates while it is mapped ends the program (SIGBUS), as with every mapping.
package struct MappedFile: Sendable {
    package let path: String
    package let storage: Storage

    /// Maps the file at `path`.
    ///
    /// Throws `.fileNotReadable` with the operating system's reason when the file cannot be opened or is a folder.
    package init(path: String) throws(TensorError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotRead(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .cannotRead(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw TensorError(.fileNotReadable, "\(path): not a regular file")
        }
        let size = Int(status.st_size)
        self.path = path
        if size == 0 {
            storage = Storage(byteCount: 0)
            return
        }
        guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            throw .cannotRead(path)
        }
        storage = Storage(mapping: base, byteCount: size)
    }

    package var byteCount: Int { storage.byteCount }

    /// Calls `body` with all the bytes of the file.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
    }
}
