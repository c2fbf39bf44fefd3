// One side of a condition: values, tuples, intervals, sets, matrices, ratios.
extension MathAnswerReader {
    mutating func side(_ range: Range<Int>) -> MathAnswer? {
        depth += 1
        defer { depth -= 1 }
        let range = trimmed(range)
        guard depth <= 12, !range.isEmpty else { return nil }
        let tokens = tokens
        if range.count == 1, tokens[range.lowerBound] == .command("emptyset") { return .emptySet }
        let parts = split(range) { tokens[$0] == .command("cup") ? 1 : nil }
        if parts.count > 1 {
            var members: [MathAnswer] = []
            for part in parts {
                guard let member = side(part) else { return nil }
                members.append(member)
            }
            return .union(members)
        }
        if let matrix = matrix(range) { return matrix }
        if let bracketed = bracketed(range) { return bracketed }
        if let word = word(range) { return word }
        if let value = value(range) { return value }
        return ratio(range)
    }

    /// A tuple, an interval or a set.
    mutating func bracketed(_ range: Range<Int>) -> MathAnswer? {
        guard range.count >= 2 else { return nil }
        let (first, last) = (range.lowerBound, range.upperBound - 1)
        let inside = first + 1..<last
        switch (tokens[first], tokens[last]) {
        case (.symbol("]"), .symbol("[")), (.symbol("]"), .symbol("]")), (.symbol("["), .symbol("[")):
            // The other way to write open ends.
            return tuple(
                inside,
                open: tokens[first] == .symbol("]") ? "(" : "[",
                close: tokens[last] == .symbol("[") ? ")" : "]"
            )
        default: break
        }
        guard Self.closing(first, in: tokens[range]) == last else { return nil }
        switch (tokens[first], tokens[last]) {
        case (.command("lbrace"), .command("rbrace")), (.symbol("{"), .symbol("}")):
            if trimmed(inside).isEmpty { return .emptySet }
            guard tokens[first] == .command("lbrace") || tokens[inside].contains(.symbol(",")) else { return nil }
            guard let content = items(inside) else { return nil }
            if case .list = content { return content }
            return .list([content])
        case (.command("langle"), .command("rangle")):
            return tuple(inside, open: "(", close: ")")
        case (.symbol(let open), .symbol(let close)) where "([".contains(open) && ")]".contains(close):
            return tuple(inside, open: open, close: close)
        default:
            return nil
        }
    }

    mutating func tuple(_ range: Range<Int>, open: Character, close: Character) -> MathAnswer? {
        let tokens = tokens
        let parts = split(range) { tokens[$0] == .symbol(",") || tokens[$0] == .symbol(";") ? 1 : nil }
        guard parts.count > 1, parts.count <= 200 else { return nil }
        var members: [MathAnswer] = []
        for part in parts {
            guard let member = item(trimmed(part)) else { return nil }
            members.append(member)
        }
        return .tuple(open: open, close: close, members)
    }

    mutating func matrix(_ range: Range<Int>) -> MathAnswer? {
        guard tokens[range.lowerBound] == .command("begin"), let nameEnd = nameEnd(range.lowerBound + 1),
            let close = Self.closing(range.lowerBound, in: tokens[range]), tokens[close] == .command("end"),
            let end = self.nameEnd(close + 1), end == range.upperBound
        else { return nil }
        var start = nameEnd
        // The columns of an array.
        if case .letters("array")? = tokens[range.lowerBound + 1..<nameEnd].first(where: { $0 != .symbol("{") }),
            let columns = self.nameEnd(start)
        {
            start = columns
        }
        let tokens = tokens
        var rows: [[MathAnswer]] = []
        for row in split(start..<close, { tokens[$0] == .rowBreak ? 1 : nil }) where !trimmed(row).isEmpty {
            var cells: [MathAnswer] = []
            for cell in split(row, { tokens[$0] == .symbol("&") ? 1 : nil }) {
                guard let answer = side(cell) else { return nil }
                cells.append(answer)
            }
            rows.append(cells)
        }
        return rows.isEmpty ? nil : .matrix(rows)
    }

    /// Behind `{pmatrix}`.
    func nameEnd(_ start: Int) -> Int? {
        guard start < tokens.count, tokens[start] == .symbol("{"), let close = Self.closing(start, in: tokens[start...])
        else {
            return nil
        }
        return close + 1
    }

    mutating func ratio(_ range: Range<Int>) -> MathAnswer? {
        let tokens = tokens
        let parts = split(range) { tokens[$0] == .symbol(":") || tokens[$0] == .command(":") ? 1 : nil }
        guard parts.count > 1 else { return nil }
        var members: [MathExpression] = []
        for part in parts {
            guard let member = expression(trimmed(part)) else { return nil }
            members.append(member)
        }
        return .ratio(members)
    }

    /// An expression with what may stand around it: a currency, a percent sign, a unit.
    mutating func value(_ range: Range<Int>) -> MathAnswer? {
        var range = trimmed(range)
        if case .symbol("$")? = range.first.map({ tokens[$0] }) { range = trimmed(range.dropFirst()) }
        var unit: String?
        if let last = range.last, tokens[last] == .symbol("%") {
            range = trimmed(range.dropLast())
            unit = "%"
        } else if let split = MathUnit.split(tokens[range]) {
            range = trimmed(range.lowerBound..<split.start)
            unit = split.name
        }
        if case .symbol("$")? = range.last.map({ tokens[$0] }) { range = trimmed(range.dropLast()) }
        guard !range.isEmpty else { return nil }
        guard var first = read(range, sign: 1) else { return nil }
        if unit == nil, let angle = first.expression.withoutDegrees {
            first.expression = angle
            unit = "degree"
        }
        guard first.hasTwoValues else { return .value(first.expression, unit: unit) }
        guard let second = read(range, sign: -1) else { return nil }
        return .list([.value(first.expression, unit: unit), .value(second.expression, unit: unit)])
    }

    mutating func expression(_ range: Range<Int>) -> MathExpression? {
        guard let value = value(range), case .value(let expression, _) = value else { return nil }
        return expression
    }

    mutating func read(_ range: Range<Int>, sign: Int) -> (expression: MathExpression, hasTwoValues: Bool)? {
        attempts += 1
        guard attempts <= 2000 else { return nil }
        var parser = MathParser(tokens, range, sign: sign)
        guard let expression = parser.expression() else { return nil }
        return (expression, parser.hasTwoValues)
    }
}
