import Foundation

/// Standard output and standard error, written through at once.
enum Console {
    static let outputIsTerminal = isatty(STDOUT_FILENO) == 1
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1
    /// Whether the terminal knows no commands: nothing is drawn anew there.
    static let isDumb = ProcessInfo.processInfo.environment["TERM"] == "dumb"
    /// Whether a person watches standard error who can be shown a line that changes.
    static let showsProgress = errorIsTerminal && !isDumb
    /// Whether the answer may be dimmed; `NO_COLOR` says that it may not (no-color.org).
    static let usesColor =
        outputIsTerminal && !isDumb && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty

    /// Writes to standard output, as it is.
    static func write(_ text: String) {
        write(text, to: STDOUT_FILENO)
    }

    /// Writes a line to standard output.
    static func print(_ line: String) {
        write(line + "\n")
    }

    /// Writes a line to standard error, where what is not the answer belongs.
    static func note(_ line: String) {
        write(line + "\n", to: STDERR_FILENO)
    }

    /// Writes a line to standard error over the one before it, when a person is watching.
    static func progress(_ line: String) {
        if showsProgress { write("\r\u{1b}[2K" + line, to: STDERR_FILENO) }
    }

    /// Writes a value as one line of JSON, its keys sorted and in snake case.
    static func print(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var bytes = UnsafeRawBufferPointer(bytes)
            while !bytes.isEmpty {
                let count = Foundation.write(descriptor, bytes.baseAddress, bytes.count)
                if count >= 0 {
                    bytes = UnsafeRawBufferPointer(rebasing: bytes[count...])
                } else if errno == EPIPE {
                    // The reader has gone, as in `kongur run ... | head -1`: end as other programs do.
                    signal(SIGPIPE, SIG_DFL)
                    raise(SIGPIPE)
                } else if errno != EINTR && errno != EAGAIN {
                    return
                }
            }
        }
    }
}
