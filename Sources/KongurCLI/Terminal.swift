import Dispatch
import Foundation
import Synchronization

/// What Ctrl-C does.
enum Terminal {
    private static let source = Mutex<(any DispatchSourceSignal)?>(nil)

    /// Puts colours back before Ctrl-C ends the program, as it does.
    static func restoreOnInterrupt() {
        guard Console.outputIsTerminal || Console.errorIsTerminal else { return }
        onInterrupt {
            if Console.usesColor { Console.write("\u{1b}[0m\n") }
            // The status of a program that a signal ended is what shells expect to see.
            signal(SIGINT, SIG_DFL)
            kill(getpid(), SIGINT)
        }
    }

    /// Calls `body` at each Ctrl-C instead of ending the program.
    static func onInterrupt(_ body: @escaping @Sendable () -> Void) {
        signal(SIGINT, SIG_IGN)
        source.withLock { source in
            let handler = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
            handler.setEventHandler(handler: body)
            handler.resume()
            source = handler
        }
    }
}
