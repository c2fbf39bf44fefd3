/// Python's `textwrap`: breaks a line into lines of a width.
struct TextWrapping {
    var width: Int
    var breaksLongWords: Bool
    var breaksOnHyphens: Bool

    func lines(_ text: Text) -> [Text] {
        var chunks: [Text] = chunks(text).reversed()
        var lines: [Text] = []
        while !chunks.isEmpty {
            var line: [Text] = []
            var length = 0
            if !lines.isEmpty, let last = chunks.last, Self.isBlank(last) { chunks.removeLast() }
            while let last = chunks.last, length + last.count <= width {
                line.append(last)
                length += last.count
                chunks.removeLast()
            }
            if let long = chunks.last, long.count > width {
                if breaksLongWords {
                    let end = breakingPoint(long, room: width - length)
                    line.append(long[0..<end])
                    chunks[chunks.count - 1] = long[end..<long.count]
                } else if line.isEmpty {
                    line.append(long)
                    chunks.removeLast()
                }
            }
            if let last = line.last, Self.isBlank(last) { line.removeLast() }
            if !line.isEmpty { lines.append(line.dropFirst().reduce(line[0]) { $0 + $1 }) }
        }
        return lines
    }

    private func breakingPoint(_ long: Text, room: Int) -> Int {
        guard breaksOnHyphens, long.count > room else { return max(0, min(room, long.count)) }
        let hyphen = (0..<max(0, room)).last { Self.isHyphen(long, $0) } ?? -1
        return hyphen > 0 && (0..<hyphen).contains { !Self.isHyphen(long, $0) } ? hyphen + 1 : max(0, room)
    }

    /// Words and what stands between them, which a line may end with.
    private func chunks(_ text: Text) -> [Text] {
        var chunks: [Text] = []
        var start = 0
        while start < text.count {
            let end = breaksOnHyphens ? Self.end(of: start, in: text) : Self.simpleEnd(of: start, in: text)
            chunks.append(text[start..<end])
            start = end
        }
        return chunks
    }

    private static func simpleEnd(of start: Int, in text: Text) -> Int {
        let isBlank = isSpace(text, start)
        var end = start + 1
        while end < text.count, isSpace(text, end) == isBlank { end += 1 }
        return end
    }

    private static func end(of start: Int, in text: Text) -> Int {
        if isSpace(text, start) { return simpleEnd(of: start, in: text) }
        if isPunctuated(text, start - 1), let end = dash(text, start) { return end }
        var end = start + 1
        while end < text.count, !isSpace(text, end) {
            if isHyphen(text, end), isLetter(text, end + 1),
                isLetter(text, end + 2) || isHyphen(text, end + 2) && isLetter(text, end + 3),
                isLetter(text, end - 1) && isLetter(text, end - 2)
                    || isLetter(text, end - 3) && isHyphen(text, end - 2) && isPunctuated(text, end - 1)
            {
                return end + 1
            }
            if isPunctuated(text, end - 1), dash(text, end) != nil { return end }
            end += 1
        }
        return end
    }

    /// Where a dash of two or more hyphens before a word ends.
    private static func dash(_ text: Text, _ start: Int) -> Int? {
        var end = start
        while isHyphen(text, end) { end += 1 }
        return end - start >= 2 && end < text.count && Text.isWord(unit: text.units[end]) ? end : nil
    }

    private static func isBlank(_ text: Text) -> Bool { text.stripped().isEmpty }

    private static func value(_ text: Text, _ index: Int) -> UInt32? {
        text.units.indices.contains(index) ? text.units[index] & Text.scalarMask : nil
    }

    private static func isHyphen(_ text: Text, _ index: Int) -> Bool { value(text, index) == 0x2D }

    private static func isSpace(_ text: Text, _ index: Int) -> Bool {
        value(text, index).map { $0 == 0x20 || 0x09...0x0D ~= $0 } ?? false
    }

    private static func isLetter(_ text: Text, _ index: Int) -> Bool {
        guard let value = value(text, index) else { return false }
        return Text.isWord(unit: value) && Text.scalar(value).properties.numericType != .decimal
    }

    private static func isPunctuated(_ text: Text, _ index: Int) -> Bool {
        guard let value = value(text, index) else { return false }
        return Text.isWord(unit: value) || "!\"'&.,?".unicodeScalars.contains(Text.scalar(value))
    }
}
