import Dispatch
import Foundation
import Logging
import Synchronization

/// The log on standard error, written by a thread of its own.
///
/// Whoever reads it may be slow or gone: lines then wait, and beyond a limit they are lost and counted, but nobody who
/// logs ever waits.
final class LogOutput: Sendable {
    private static let mostWaiting = 4096
    let format: LogFormat
    private let queue = DispatchQueue(label: "kongur.log")
    private let state = Mutex((waiting: 0, lost: 0))

    init(_ format: LogFormat) {
        self.format = format
    }

    func write(_ level: Logger.Level, _ message: String, _ fields: Logger.Metadata = [:]) {
        let isTaken = state.withLock { state in
            guard state.waiting < Self.mostWaiting else {
                state.lost += 1
                return false
            }
            state.waiting += 1
            return true
        }
        guard isTaken else { return }
        let line = format.line(level, message, fields)
        queue.async { [self] in
            Self.print(line)
            let lost = state.withLock { state in
                state.waiting -= 1
                defer { if state.waiting == 0 { state.lost = 0 } }
                return state.waiting == 0 ? state.lost : 0
            }
            if lost > 0 {
                Self.print(
                    format.line(
                        .warning,
                        "lines of the log were lost: nobody read them in time",
                        ["lines": .stringConvertible(lost)]
                    )
                )
            }
        }
    }

    /// Waits until what was logged is written, for a second at most.
    func flush() {
        let group = DispatchGroup()
        queue.async(group: group) {}
        _ = group.wait(timeout: .now() + 1)
    }

    /// What cannot be written is lost: a log that nobody reads is no reason to end the server.
    private static func print(_ line: String) {
        var text = line + "\n"
        text.withUTF8 { _ = Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
