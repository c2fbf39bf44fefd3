import Tokenizers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file of results, one a line, that grows as they come; a later run finds in it what is done.
///
/// A line that a killed run left half written at the end is dropped, and its request is asked again. Who appends takes
/// turns: one caller at a time.
package final class ResultFile: Sendable {
    package let path: String
    private let descriptor: CInt
    /// The names of the lines whose results were in the file when it was opened.
    package let done: Set<String>

    /// Opens or makes the file, and locks it against other runs.
    ///
    /// Throws `.invalidLocation` for a file with anything in it that is no result of one of `lines`.
    package init(_ path: String, of lines: [BatchLine]) throws(BatchError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(.invalidLocation, path, "cannot be opened") }
        do throws(BatchError) {
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw BatchError(
                    .invalidLocation,
                    "\(path): another run writes it: wait for it, or choose another file"
                )
            }
            let (names, end) = try Self.read(path, Set(lines.map(\.customID)))
            guard ftruncate(descriptor, off_t(end)) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
                throw .system(.storage, path, "cannot be shortened")
            }
            done = names
            syncFolder(of: path)
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    /// Adds a result and brings it to the disk.
    package func append(_ result: [UInt8]) throws(BatchError) {
        let line = result + [UInt8(ascii: "\n")]
        try line.withUnsafeBufferPointer { (bytes) throws(BatchError) in
            try writeAll(UnsafeRawBufferPointer(bytes), to: descriptor, path)
        }
        // A device or a pipe has no disk below it.
        guard fdatasync(descriptor) == 0 || errno == EINVAL else { throw .system(.storage, path, "cannot be written") }
    }

    /// How each result begins, as `BatchAnswering` writes it.
    package static let lineStart = #"{"id":"batch_req_"#

    private static func foreign(_ path: String, _ number: Int) -> BatchError {
        BatchError(
            .invalidLocation,
            "\(path):\(number): is no result of this batch: choose another file, or remove it to start again"
        )
    }

    /// The names in the file, and the end of its last whole line.
    private static func read(_ path: String, _ known: Set<String>) throws(BatchError) -> (Set<String>, Int) {
        let file = try ReadFile(path)
        var reader = LineReader(file, longest: .max)
        var names: Set<String> = []
        var end = 0
        while let line = try reader.next() {
            let bytes = line.bytes ?? []
            let isWhole = try file.read(at: line.offset + bytes.count, count: 1) == [UInt8(ascii: "\n")]
            guard isWhole else {
                // With no whole line before it, it is ours only if it begins as our lines do.
                let start = Array(lineStart.utf8)
                guard end > 0 || start.starts(with: bytes.prefix(start.count)) else { throw foreign(path, line.number) }
                break
            }
            let name = (try? JSONValue(parsing: bytes, name: path))?["custom_id"]?.string
            guard let name, known.contains(name), names.insert(name).inserted else {
                throw foreign(path, line.number)
            }
            end = line.offset + bytes.count + 1
        }
        return (names, end)
    }
}
