import Foundation
import Kongur

/// What is piped or redirected to the program, or typed.
enum StandardInput {
    static let name = "standard input"

    static let isTerminal = isatty(STDIN_FILENO) == 1

    /// All of it.
    ///
    /// Throws `.invalidInput` with the system's reason, and where there is more than `limit` bytes.
    static func read(limit: Int = 1 << 30) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Foundation.read(STDIN_FILENO, &piece, piece.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw KongurError(.invalidInput, "\(name): cannot be read: \(String(cString: strerror(errno)))")
            }
            bytes += piece[..<count]
            guard bytes.count <= limit else {
                throw KongurError(.invalidInput, "\(name): has more than \(limit >> 20) MiB")
            }
        }
    }

    /// The text that was piped or redirected, without line breaks at its end; empty where there is a terminal or nothing.
    ///
    /// Whoever waits for it is told so. Throws `.invalidInput` for what is no text.
    static func pipedText(limit: Int) throws -> String {
        guard !isTerminal, fcntl(STDIN_FILENO, F_GETFL) & O_ACCMODE != O_WRONLY else { return "" }
        var state = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        if poll(&state, 1, 2000) == 0 {
            Console.note("kongur: note: waiting for \(name); `< /dev/null` where there is none")
        }
        guard let text = String(validating: try read(limit: limit), as: UTF8.self) else {
            throw KongurError(.invalidInput, "\(name): is not UTF-8 text")
        }
        return text.trimmingSuffix(while: \.isNewline)
    }
}

extension String {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, isTrimmed(last) { text.removeLast() }
        return String(text)
    }
}
