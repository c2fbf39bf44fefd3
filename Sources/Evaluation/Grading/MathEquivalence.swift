/// Tells whether two answers mean the same.
package enum MathEquivalence {
    /// Whether `answer` is the `expected` one, typesetting, units and the form of numbers aside.
    ///
    /// Numbers are compared by value, fractions and decimals exactly. Lists and `{sets}` match in any order, `(tuples)`
    /// and intervals in theirs and with their brackets. Everything else must have the same normal form. Variables are not
    /// understood: `a+b` and `b+a` differ.
    package static func areEqual(_ answer: String, _ expected: String) -> Bool {
        guard answer.utf8.count <= limit, expected.utf8.count <= limit else { return answer == expected }
        return areEqual(
            normal: AnswerNormalization.normalized(answer),
            AnswerNormalization.normalized(expected),
            depth: 0
        )
    }

    private static let limit = 4000

    private static func areEqual(normal a: String, _ b: String, depth: Int) -> Bool {
        guard !a.isEmpty, !b.isEmpty else { return false }
        if a == b { return true }
        if let x = MathExpression(a), let y = MathExpression(b), x.isEqual(to: y) { return true }
        if isWord(a), isWord(b) { return word(a) == word(b) }
        guard depth < 4, let x = Collection(a), let y = Collection(b) else { return false }
        guard (x.items.count > 1 || x.kind != .list) || (y.items.count > 1 || y.kind != .list) else { return false }
        guard x.items.count == y.items.count, x.items.count <= 100 else { return false }
        if x.isOrdered || y.isOrdered {
            return x.kind == y.kind && zip(x.items, y.items).allSatisfy { areEqual(normal: $0, $1, depth: depth + 1) }
        }
        guard x.kind.joins(y.kind) else { return false }
        var rest = y.items
        return x.items.allSatisfy { item in
            guard let match = rest.firstIndex(where: { areEqual(normal: item, $0, depth: depth + 1) }) else {
                return false
            }
            rest.remove(at: match)
            return true
        }
    }

    private static func isWord(_ text: String) -> Bool { !word(text).isEmpty && word(text).allSatisfy(\.isLetter) }

    /// A choice such as `(C)` or a name, in small letters.
    private static func word(_ text: String) -> String {
        AnswerNormalization.unwrapped(text, "(", ")").lowercased()
    }
}

/// Several values in one answer.
private struct Collection {
    enum Kind: Equatable {
        /// Values with commas between them, bare or in braces.
        case list
        case union
        /// In brackets that tell a closed end from an open one.
        case tuple(Character, Character)

        func joins(_ other: Kind) -> Bool { self == other }
    }

    let kind: Kind
    let items: [String]

    var isOrdered: Bool { if case .tuple = kind { true } else { false } }

    init?(_ text: String) {
        let parts = Self.split(text, at: "\\cup")
        if parts.count > 1 {
            kind = .union
            items = parts
            return
        }
        if let first = text.first, let last = text.last, "([".contains(first), ")]".contains(last),
            Self.split(text, at: ",").count == 1
        {
            let items = Self.split(String(text.dropFirst().dropLast()), at: ",")
            guard items.count > 1 else { return nil }
            kind = .tuple(first, last)
            self.items = items
            return
        }
        kind = .list
        items = Self.split(AnswerNormalization.unwrapped(text, "\\{", "\\}"), at: ",").flatMap(Self.withSigns)
    }

    /// `a\pm b` as its two values; a variable in front of each value goes.
    private static func withSigns(_ item: String) -> [String] {
        let value = AnswerNormalization.withoutVariable(item)
        guard value.ranges(of: "\\pm").count == 1 else { return [value] }
        return ["+", "-"].map { value.replacing("\\pm", with: $0) }
    }

    /// The parts between separators that stand in no bracket.
    private static func split(_ text: String, at separator: String) -> [String] {
        var parts: [String] = []
        var depth = 0
        var part = ""
        var rest = text[...]
        while let character = rest.first {
            if depth == 0, rest.hasPrefix(separator) {
                parts.append(part)
                part = ""
                rest = rest.dropFirst(separator.count)
                continue
            }
            if "([{".contains(character) { depth += 1 }
            if ")]}".contains(character) { depth -= 1 }
            part.append(character)
            rest = rest.dropFirst()
        }
        return parts + [part]
    }
}
