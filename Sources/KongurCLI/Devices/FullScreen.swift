import Foundation
import Synchronization

/// The whole terminal for as long as a view lives: a screen of its own, so that what stood there before comes back.
///
/// However the program ends (its own end, an error, Ctrl-C, Ctrl-Z, a signal to end), the terminal is as it was.
final class FullScreen: Sendable {
    private static let enter = "\u{1b}[?1049h\u{1b}[?25l"
    private static let leave = "\u{1b}[?25h\u{1b}[?1049l"
    private let isOpen = Mutex(true)
    private let sources = Mutex<[any DispatchSourceSignal]>([])

    /// `redraw` is called when the terminal has another size, or comes back after Ctrl-Z.
    init(redraw: @escaping @Sendable () -> Void) {
        Console.write(Self.enter)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            watch(number) { [weak self] in
                self?.close()
                // The status of a program that a signal ended is what shells expect to see.
                signal(number, SIG_DFL)
                kill(getpid(), number)
            }
        }
        watch(SIGTSTP) {
            Console.write(Self.leave)
            kill(getpid(), SIGSTOP)
        }
        watch(SIGCONT) { [weak self] in
            guard let self, self.isOpen.withLock({ $0 }) else { return }
            Console.write(Self.enter)
            redraw()
        }
        watch(SIGWINCH, redraw)
    }

    deinit { close() }

    /// Gives the terminal back.
    func close() {
        let wasOpen = isOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
        if wasOpen { Console.write(Self.leave) }
    }

    /// Shows lines from the top of the screen on, as far as they fit.
    func show(_ lines: [String]) {
        let size = Self.size
        var text = "\u{1b}[H"
        for (number, line) in lines.prefix(size.rows).enumerated() {
            text += line.prefix(size.columns) + "\u{1b}[K"
            if number + 1 < min(lines.count, size.rows) { text += "\r\n" }
        }
        isOpen.withLock { isOpen in
            if isOpen { Console.write(text + "\u{1b}[J") }
        }
    }

    /// Of the terminal now; 24 times 80 where it does not say.
    static var size: (rows: Int, columns: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0
        else {
            return (24, 80)
        }
        return (Int(size.ws_row), Int(size.ws_col))
    }

    private func watch(_ number: Int32, _ body: @escaping @Sendable () -> Void) {
        signal(number, SIG_IGN)
        sources.withLock { sources in
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: body)
            source.resume()
            sources.append(source)
        }
    }
}
