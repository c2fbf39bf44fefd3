/// Text with a place in it at which it is edited.
struct EditBuffer: Equatable {
    private(set) var before: String
    private(set) var after = ""

    init(_ text: String = "") {
        before = text
    }

    var text: String { before + after }
    var isEmpty: Bool { before.isEmpty && after.isEmpty }

    /// Puts text in, without what would be a command to the terminal; line breaks of every kind become one.
    mutating func insert(_ text: String) {
        for character in text {
            if character.isNewline { before += "\n" } else if !character.isControl { before.append(character) }
        }
    }

    mutating func left() {
        if let character = before.popLast() { after = String(character) + after }
    }

    mutating func right() {
        if !after.isEmpty { before.append(after.removeFirst()) }
    }

    /// To the start of the line in which the place is.
    mutating func home() {
        while let last = before.last, !last.isNewline { left() }
    }

    mutating func end() {
        while let next = after.first, !next.isNewline { right() }
    }

    /// To the start of a word.
    mutating func wordLeft() {
        while let last = before.last, !last.isPartOfWord { left() }
        while let last = before.last, last.isPartOfWord { left() }
    }

    mutating func wordRight() {
        while let next = after.first, !next.isPartOfWord { right() }
        while let next = after.first, next.isPartOfWord { right() }
    }

    /// To the same column of the line above; false where there is none.
    mutating func up() -> Bool {
        let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 1 else { return false }
        let column = lines[lines.count - 1].count
        home()
        left()
        home()
        move(to: column)
        return true
    }

    /// To the same column of the line below; false where there is none.
    mutating func down() -> Bool {
        guard after.contains("\n") else { return false }
        let column = before.split(separator: "\n", omittingEmptySubsequences: false).last?.count ?? 0
        end()
        right()
        move(to: column)
        return true
    }

    mutating func backspace() {
        _ = before.popLast()
    }

    mutating func delete() {
        if !after.isEmpty { after.removeFirst() }
    }

    mutating func deleteWord() {
        let old = before
        wordLeft()
        after.removeFirst(old.count - before.count)
    }

    mutating func deleteToStart() {
        while let last = before.last, !last.isNewline { before.removeLast() }
    }

    mutating func deleteToEnd() {
        while let next = after.first, !next.isNewline { after.removeFirst() }
    }

    /// To a column of the line at whose start the place is.
    private mutating func move(to column: Int) {
        for _ in 0..<column {
            guard let next = after.first, !next.isNewline else { return }
            right()
        }
    }
}

extension Character {
    fileprivate var isPartOfWord: Bool { isLetter || isNumber }
}
