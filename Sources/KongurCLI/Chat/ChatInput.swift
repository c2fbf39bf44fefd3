import Foundation

/// What a person says in a conversation: edited at a terminal, or read line by line from elsewhere.
struct ChatInput {
    private var editor: LineEditor?

    static let endingHint = "kongur: note: /bye or Ctrl-D ends the conversation"

    init(keepsHistory: Bool) {
        guard LineEditor.isPossible else { return }
        let history = InputHistory(path: keepsHistory ? InputHistory.defaultPath() : nil)
        editor = LineEditor(history: history, completions: ChatCompletion.completions(of:))
    }

    /// What is said next, which may have several lines; nil at the end.
    mutating func next() -> String? {
        while var editor {
            let line = editor.read()
            self.editor = editor
            switch line {
            case .text(let text): return text
            case .interrupted: Console.note(Self.endingHint)
            case .end: return nil
            }
        }
        return Self.readLines()
    }

    /// A line, and the next one as well where it ends with a backslash.
    private static func readLines() -> String? {
        var text = ""
        while true {
            if isatty(STDIN_FILENO) == 1 {
                Console.write(text.isEmpty ? LineLayout.prompt : LineLayout.continuation, to: STDERR_FILENO)
            }
            guard let line = readLine(strippingNewline: true) else { return text.isEmpty ? nil : text }
            guard line.hasSuffix("\\") else { return text + line }
            text += line.dropLast() + "\n"
        }
    }
}
