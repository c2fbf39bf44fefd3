/// What a person does to a line at a terminal.
enum Key: Equatable {
    /// A character, or several that were pasted.
    case text(String)
    case enter
    case tab
    /// Alt-Enter: a line break that is part of what is written.
    case lineBreak
    case left, right, up, down
    case wordLeft, wordRight
    case home, end
    case backspace, delete
    case deleteWord, deleteToStart, deleteToEnd
    /// Ctrl-C.
    case interrupt
    /// Ctrl-D.
    case endOfInput
    /// Ctrl-Z.
    case suspend
    case clearScreen
    /// A key that does nothing here.
    case other
}
