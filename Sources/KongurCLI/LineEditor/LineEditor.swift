import Foundation

/// Lets a person write and edit at a terminal, with what was said before at the arrow keys.
///
/// What is written may have several lines: Alt-Enter, a backslash at the end, and pasted text make them.
struct LineEditor {
    private(set) var history: InputHistory
    /// What a text may go on as, each with the text at its start: what Tab offers.
    private let completions: (String) -> [String]
    /// The row of the cursor below the first one that was drawn.
    private var drawnRow = 0

    init(history: InputHistory, completions: @escaping (String) -> [String] = { _ in [] }) {
        self.history = history
        self.completions = completions
    }

    enum Line: Equatable {
        case text(String)
        /// Ctrl-C where nothing was written.
        case interrupted
        /// Ctrl-D, or the end of the input.
        case end
    }

    /// What a key made of the buffer.
    enum Effect: Equatable {
        case edited
        case finished(Line)
        case cleared
        case suspended
        /// Tab, where there are several ways to go on.
        case offered([String])
        /// Nothing that is seen.
        case none
    }

    /// Whether there is a terminal whose lines can be edited.
    static var isPossible: Bool {
        isatty(STDIN_FILENO) == 1 && Console.errorIsTerminal && !Console.isDumb
    }

    /// Reads what the person writes; the terminal is as it was when this returns.
    mutating func read() -> Line {
        guard let mode = TerminalMode.raw() else { return .end }
        defer { mode.restore() }
        var keys = KeyReader { TerminalMode.readByte() }
        var buffer = EditBuffer()
        drawnRow = 0
        draw(buffer)
        while let key = keys.next() {
            switch apply(key, to: &buffer) {
            case .edited: draw(buffer)
            case .none: continue
            case .cleared:
                Console.write("\u{1b}[H\u{1b}[2J", to: STDERR_FILENO)
                drawnRow = 0
                draw(buffer)
            case .suspended:
                leave(buffer)
                mode.suspend()
                draw(buffer)
            case .offered(let texts):
                leave(buffer)
                Console.note(texts.joined(separator: "  "))
                draw(buffer)
            case .finished(let line):
                leave(buffer)
                if case .text(let text) = line { history.add(text) }
                return line
            }
        }
        leave(buffer)
        return .end
    }

    /// Does what a key does.
    mutating func apply(_ key: Key, to buffer: inout EditBuffer) -> Effect {
        switch key {
        case .text(let text): buffer.insert(text)
        case .tab: return complete(&buffer)
        case .lineBreak: buffer.insert("\n")
        case .left: buffer.left()
        case .right: buffer.right()
        case .home: buffer.home()
        case .end: buffer.end()
        case .wordLeft: buffer.wordLeft()
        case .wordRight: buffer.wordRight()
        case .backspace: buffer.backspace()
        case .delete: buffer.delete()
        case .deleteWord: buffer.deleteWord()
        case .deleteToStart: buffer.deleteToStart()
        case .deleteToEnd: buffer.deleteToEnd()
        case .up:
            guard !buffer.up() else { break }
            guard let entry = history.earlier(than: buffer.text) else { return .none }
            buffer = EditBuffer(entry)
        case .down:
            guard !buffer.down() else { break }
            guard let entry = history.later() else { return .none }
            buffer = EditBuffer(entry)
        case .enter:
            guard buffer.after.isEmpty, buffer.before.hasSuffix("\\") else { return .finished(.text(buffer.text)) }
            buffer.backspace()
            buffer.insert("\n")
        case .interrupt:
            guard !buffer.isEmpty else { return .finished(.interrupted) }
            buffer = EditBuffer()
        case .endOfInput:
            guard !buffer.isEmpty else { return .finished(.end) }
            buffer.delete()
        case .clearScreen: return .cleared
        case .suspend: return .suspended
        case .other: return .none
        }
        return .edited
    }

    /// Goes on as far as all ways to do so are the same.
    private func complete(_ buffer: inout EditBuffer) -> Effect {
        guard buffer.after.isEmpty else { return .none }
        let offered = completions(buffer.before)
        guard var common = offered.first else { return .none }
        for text in offered { common = common.commonPrefix(with: text) }
        guard common.count > buffer.before.count else { return offered.count > 1 ? .offered(offered) : .none }
        buffer.insert(String(common.dropFirst(buffer.before.count)))
        return .edited
    }

    /// Draws the rows over those that were drawn before, and puts the cursor in its place.
    private mutating func draw(_ buffer: EditBuffer) {
        let size = TerminalMode.size()
        let layout = LineLayout(buffer, columns: size.columns)
        // Of what is taller than the screen, the rows down to the cursor's.
        let first = max(0, layout.cursor.row - size.rows + 1)
        let rows = layout.rows[first..<min(layout.rows.count, first + size.rows)]
        var text = Self.up(drawnRow) + "\r\u{1b}[J" + rows.joined(separator: "\r\n")
        drawnRow = layout.cursor.row - first
        text += Self.up(rows.count - 1 - drawnRow) + "\r"
        if layout.cursor.column > 0 { text += "\u{1b}[\(layout.cursor.column)C" }
        Console.write(text, to: STDERR_FILENO)
    }

    /// Puts the cursor below all that was drawn.
    private mutating func leave(_ buffer: EditBuffer) {
        var finished = buffer
        while !finished.after.isEmpty { finished.right() }
        draw(finished)
        Console.write("\r\n", to: STDERR_FILENO)
        drawnRow = 0
    }

    private static func up(_ rows: Int) -> String { rows > 0 ? "\u{1b}[\(rows)A" : "" }
}
