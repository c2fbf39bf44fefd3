/// Prints an answer while it comes: the thinking, dimmed for a person, then the answer.
///
/// Folded thinking is for a terminal alone: what reads the output gets the answer, and a line break at its end.
struct AnswerPrinter {
    enum Thinking {
        case shown
        /// One line that counts, and says at last how long it was.
        case folded
    }

    private let thinking: Thinking
    /// What the folded line says besides.
    private let hint: String

    private var isDimmed = false
    private var thoughtPieces = 0
    private var thoughtFrom: ContinuousClock.Instant?
    /// Nil where nothing was written.
    private var endsWithLineBreak: Bool?
    private var hasAnswer = false

    init(thinking: Thinking, hint: String = "") {
        self.thinking = thinking
        self.hint = hint
    }

    mutating func print(_ event: AnswerEvent) {
        switch event {
        case .reasoning(let piece):
            thoughtPieces += 1
            thoughtFrom = thoughtFrom ?? .now
            guard thinking == .shown else { return Console.progress("thinking … \(thoughtPieces)") }
            dim(true)
            write(piece)
        case .answer(let piece):
            beginAnswer()
            write(piece)
        case .finished:
            // An answer without text is an empty line; one that failed is nothing.
            endsWithLineBreak = endsWithLineBreak ?? false
            end()
        }
    }

    /// Leaves the terminal as it was, also when the answer was cut off.
    mutating func end() {
        if !hasAnswer { fold() }
        dim(false)
        if endsWithLineBreak == false { write("\n") }
    }

    private mutating func beginAnswer() {
        guard !hasAnswer else { return }
        hasAnswer = true
        guard thoughtPieces > 0 else { return }
        guard thinking == .shown else { return fold() }
        dim(false)
        write(endsWithLineBreak == true ? "\n" : "\n\n")
    }

    /// Puts one line in the place of the thinking, for a person who watches.
    private func fold() {
        guard thinking == .folded, let thoughtFrom, Console.showsProgress else { return }
        let seconds = (ContinuousClock.now - thoughtFrom).seconds(1)
        Console.progress("thought for \(seconds) s, \(thoughtPieces) pieces\(hint)\n")
    }

    private mutating func dim(_ on: Bool) {
        guard Console.usesColor, on != isDimmed else { return }
        isDimmed = on
        Console.write(on ? "\u{1b}[2m" : "\u{1b}[0m")
    }

    private mutating func write(_ text: String) {
        // What a model says is no command to the terminal.
        Console.write(Console.outputIsTerminal ? text.filter { !$0.isControl } : text)
        if let last = text.last { endsWithLineBreak = last.isNewline }
    }
}
