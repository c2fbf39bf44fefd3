/// `pprint`: a value as Python's module of that name writes it, in lines of 80 characters.
struct PrettyPrinter {
    private static let width = 80
    private let renderer: Renderer
    private var output = Text()

    init(_ renderer: Renderer) { self.renderer = renderer }

    mutating func text(_ value: Value) throws(TokenizerError) -> Text {
        try write(value, indent: 0, allowance: 0, level: 1)
        return output
    }

    /// `allowance` is what must find room after the value on its last line.
    private mutating func write(_ value: Value, indent: Int, allowance: Int, level: Int) throws(TokenizerError) {
        let line = try renderer.representation(of: value, sortsKeys: true)
        guard line.count > Self.width - indent - allowance else { return output.append(line) }
        switch value {
        case .dictionary(let dictionary):
            output.append("{")
            let entries = try renderer.entries(dictionary, sorted: true)
            for (index, (key, value)) in entries.enumerated() {
                if index > 0 { newLine(indent + 1) }
                let name = try renderer.representation(of: key, sortsKeys: true)
                output.append(name)
                output.append(": ")
                try write(
                    value,
                    indent: indent + 1 + name.count + 2,
                    allowance: index + 1 == entries.count ? allowance + 1 : 1,
                    level: level + 1
                )
            }
            output.append("}")
        case .list(let list) where list.kind == .list || list.kind == .tuple:
            let end = list.kind == .list ? "]" : list.items.count == 1 ? ",)" : ")"
            output.append(list.kind == .list ? "[" : "(")
            for (index, item) in list.items.enumerated() {
                if index > 0 { newLine(indent + 1) }
                try write(
                    item,
                    indent: indent + 1,
                    allowance: index + 1 == list.items.count ? allowance + end.count : 1,
                    level: level + 1
                )
            }
            output.append(end)
        case .string(let text) where !text.isEmpty && !text.isMarkup:
            try write(text, indent: indent, allowance: allowance, isOutermost: level == 1)
        default: output.append(line)
        }
    }

    private mutating func newLine(_ indent: Int, after separator: String = ",") {
        output.append(separator + "\n" + String(repeating: " ", count: indent))
    }

    /// A long text, in several literals.
    private mutating func write(
        _ text: Text,
        indent: Int,
        allowance: Int,
        isOutermost: Bool
    ) throws(TokenizerError) {
        let (indent, allowance) = isOutermost ? (indent + 1, allowance + 1) : (indent, allowance)
        let room = Self.width - indent
        var chunks: [Text] = []
        let lines = text.lines(keepingEnds: true)
        for (number, line) in lines.enumerated() {
            let isLast = number + 1 == lines.count
            if line.quoted.count <= room - (isLast ? allowance : 0) {
                chunks.append(line.quoted)
                continue
            }
            var current = Text()
            let words = Self.words(line)
            for (index, word) in words.enumerated() {
                let candidate = current + word
                try renderer.work.charge(text: candidate.count)
                if candidate.quoted.count > room - (isLast && index + 1 == words.count ? allowance : 0) {
                    if !current.isEmpty { chunks.append(current.quoted) }
                    current = word
                } else {
                    current = candidate
                }
            }
            if !current.isEmpty { chunks.append(current.quoted) }
        }
        let isBracketed = isOutermost && chunks.count > 1
        if isBracketed { output.append("(") }
        for (index, chunk) in chunks.enumerated() {
            if index > 0 { newLine(indent, after: "") }
            output.append(chunk)
        }
        if isBracketed { output.append(")") }
    }

    /// Words with the white space after them.
    private static func words(_ line: Text) -> [Text] {
        var words: [Text] = []
        var start = 0
        while start < line.count {
            var end = start
            while end < line.count, !Text.isSpace(unit: line.units[end]) { end += 1 }
            while end < line.count, Text.isSpace(unit: line.units[end]) { end += 1 }
            words.append(line[start..<end])
            start = end
        }
        return words
    }
}
