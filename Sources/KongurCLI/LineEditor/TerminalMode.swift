import Foundation

/// How a terminal treats what is typed: by keys, or by lines as it was.
struct TerminalMode {
    private let before: termios
    private let keys: termios

    /// Takes input key by key, without an echo, and lets the terminal say what is pasted; nil where there is no terminal.
    static func raw() -> TerminalMode? {
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { return nil }
        var keys = before
        keys.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        keys.c_iflag &= ~tcflag_t(ICRNL | INLCR | IXON)
        let mode = TerminalMode(before: before, keys: keys)
        mode.enter()
        return mode
    }

    func restore() {
        Console.write("\u{1b}[?2004l", to: STDERR_FILENO)
        var mode = before
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
    }

    /// Stops the program, as Ctrl-Z does, until it is told to go on.
    func suspend() {
        restore()
        kill(0, SIGTSTP)
        enter()
    }

    private func enter() {
        var mode = keys
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
        Console.write("\u{1b}[?2004h", to: STDERR_FILENO)
    }

    /// The next byte that was typed; nil at the end of the input.
    static func readByte() -> UInt8? {
        var byte: UInt8 = 0
        while true {
            let count = Foundation.read(STDIN_FILENO, &byte, 1)
            if count == 1 { return byte }
            guard count < 0, errno == EINTR else { return nil }
        }
    }

    static func size() -> (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
