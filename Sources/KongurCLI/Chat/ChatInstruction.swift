/// A line of a conversation that is a command to the program.
struct ChatInstruction {
    enum Name: String, CaseIterable {
        case help, think, set, system, save, load, clear, bye
        /// Other words for `bye`.
        case quit, exit
    }

    let name: Name
    /// What stands behind it.
    let argument: String

    static let help = """
        /think          show or fold the thinking, that of the last answer too
        /set            how answers are drawn; /set temperature 0.7 changes it, /set temperature default takes it back
        /system TEXT    a system message for the whole conversation; /system alone shows it, /system none removes it
        /save FILE      keep the conversation; /load FILE goes on with it
        /clear          forget what was said
        /bye            end; so does Ctrl-D
        Tab             complete a command
        Up, Down        what was said before
        Alt-Enter       another line; so does a \\ at the end
        Ctrl-C          stop the answer, or empty the line
        """

    /// Nil for a line that is said to the model, or for a command that there is not.
    init?(_ line: String) {
        guard line.hasPrefix("/") else { return nil }
        let words = line.dropFirst().split(maxSplits: 1, whereSeparator: \.isWhitespace)
        guard let first = words.first, let name = Name(rawValue: String(first)) else { return nil }
        self.name = name
        argument = words.count > 1 ? String(words[1]) : ""
    }

    /// Whether a line is meant as a command: a slash and letters, as no path and no formula begins.
    static func isMeant(_ line: String) -> Bool {
        guard line.hasPrefix("/") else { return false }
        let word = line.dropFirst().prefix { !$0.isWhitespace }
        return !word.isEmpty && word.allSatisfy(\.isLetter)
    }
}
