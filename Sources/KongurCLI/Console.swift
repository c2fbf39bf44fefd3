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

    /// Takes the numbers of standard streams that are closed, so that no file that is opened later gets one of them and the
    /// output with it; writing to them is an error still.
    static func reserveStreams() {
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) < 0 {
            _ = open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

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

    /// Writes a line that says what to beware of.
    static func warn(_ text: String) { note("kongur: warning: \(text)") }

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

    /// Writes a text to one of the standard streams.
    ///
    /// Ends the program where standard output cannot be written, as on a full disk: a result that is lost is no success.
    static func write(_ text: String, to descriptor: Int32) {
        guard !writeAll(text, to: descriptor), descriptor == STDOUT_FILENO else { return }
        let reason = String(cString: strerror(errno))
        _ = writeAll("kongur: error: standard output cannot be written: \(reason)\n", to: STDERR_FILENO)
        exit(1)
    }

    /// Returns false, with the reason in `errno`, when not all of it can be written.
    static func writeAll(_ text: String, to descriptor: Int32) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
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
                    return false
                }
            }
            return true
        }
    }
}
