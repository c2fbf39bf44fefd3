import Foundation
import Kongur
import Tensors

/// A file that a person asked a command to write.
enum OutputFile {
    enum Form {
        /// A picture, which says in a comment at its end whose it is.
        case svg
        /// A trace in Chrome's format.
        case trace

        fileprivate var mark: String {
            switch self {
            case .svg: "\n<!-- drawn by kongur -->\n"
            case .trace: "\n"
            }
        }

        /// What a file of this command's has in it.
        fileprivate var sign: String {
            switch self {
            case .svg: "<!-- drawn by kongur -->"
            case .trace: "\"traceEvents\""
            }
        }
    }

    /// Writes a text: the whole of it, or nothing, and in the place only of one that Kongur wrote.
    ///
    /// Devices and pipes get it as it is. Throws `.failed` with the path and the system's reason.
    static func write(_ text: String, to path: String, as form: Form) throws {
        let text = text.hasSuffix("\n") ? String(text.dropLast()) + form.mark : text + form.mark
        if isStream(path) { return try stream(text, to: path) }
        do throws(TensorError) {
            let file = try AtomicFile(path: path) { bytes in
                String(decoding: bytes, as: UTF8.self).contains(form.sign)
            }
            try file.write(Array(text.utf8))
            try file.commit()
        } catch {
            throw KongurError(.failed, error.message, cause: error)
        }
    }

    /// Whether a path leads to something that is written to and not replaced: a terminal, a pipe, `/dev/stdout`.
    private static func isStream(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return path.hasPrefix("/dev/") || path.hasPrefix("/proc/")
            || [S_IFCHR, S_IFIFO].contains(status.st_mode & S_IFMT)
    }

    private static func stream(_ text: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw KongurError(.failed, "\(path): cannot be written: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        guard Console.writeAll(text, to: descriptor) else {
            throw KongurError(.failed, "\(path): cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
