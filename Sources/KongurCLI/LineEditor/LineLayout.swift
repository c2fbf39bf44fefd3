/// Edited text as rows of a terminal.
///
/// Rows are broken here and not by the terminal, so that it is known where each character is.
struct LineLayout: Equatable {
    private(set) var rows = [""]
    /// Where the cursor is, in rows and columns from the upper left.
    private(set) var cursor = (row: 0, column: 0)

    private var column = 0
    private let columns: Int

    /// Before the first line and before each further one; both are as wide as they have characters.
    static let (prompt, continuation) = ("> ", ". ")
    private static let tabWidth = 4

    init(_ buffer: EditBuffer, columns: Int) {
        self.columns = max(columns, 8)
        add(Self.prompt)
        buffer.before.forEach { add($0) }
        // A cursor cannot stand beside a full row.
        if column >= self.columns { breakRow() }
        cursor = (rows.count - 1, column)
        buffer.after.forEach { add($0) }
    }

    static func == (left: LineLayout, right: LineLayout) -> Bool {
        left.rows == right.rows && left.cursor == right.cursor
    }

    private mutating func add(_ character: Character) {
        guard !character.isNewline else {
            breakRow()
            return add(Self.continuation)
        }
        let width = character == "\t" ? Self.tabWidth : character.columns
        if column + width > columns { breakRow() }
        column += width
        rows[rows.count - 1] += character == "\t" ? String(repeating: " ", count: Self.tabWidth) : String(character)
    }

    private mutating func add(_ prompt: String) {
        rows[rows.count - 1] += prompt
        column += prompt.count
    }

    private mutating func breakRow() {
        rows.append("")
        column = 0
    }
}
