/// Reads a `pattern` as ECMAScript writes it.
///
/// Characters, classes, groups, alternatives, repetitions, anchors at the ends of alternatives, and looking ahead right
/// behind the `^` that a pattern begins with. What looks ahead elsewhere or back, word boundaries and properties of
/// characters are refused. A lazy repetition matches the same texts as one that is not.
struct PatternParser {
    private static let deepest = 64

    private let characters: [Unicode.Scalar]
    private let path: SchemaPath
    private var position = 0
    private var depth = 0
    /// How deep the `$` that ends an alternative may stand: in a group that looks ahead it is one.
    private var anchorDepth = 0
    private var conditions: [TextPattern.Condition] = []

    /// The texts in which `pattern` is found, from beginning to end.
    static func parse(_ pattern: String, at path: SchemaPath) throws(GrammarError) -> TextPattern {
        var parser = PatternParser(characters: Array(pattern.unicodeScalars), path: path)
        let parts = try parser.searched()
        guard parser.position == parser.characters.count else { throw parser.failure(.invalidSchema, "unmatched ')'") }
        return try parser.pattern(of: parts)
    }

    /// The texts that match `pattern` from beginning to end, with anchors or without.
    static func parseWhole(_ pattern: String, at path: SchemaPath) throws(GrammarError) -> TextPattern {
        var parser = PatternParser(characters: Array(pattern.unicodeScalars), path: path)
        var parts: [RegularExpression] = []
        repeat {
            if parser.take("^") { try parser.takeConditions() }
            parts.append(try parser.terms())
            _ = parser.take("$")
        } while parser.take("|")
        guard parser.position == parser.characters.count else { throw parser.failure(.invalidSchema, "unmatched ')'") }
        return try parser.pattern(of: parts)
    }

    private init(characters: [Unicode.Scalar], path: SchemaPath) {
        self.characters = characters
        self.path = path
    }

    private func failure(_ code: GrammarError.Code, _ reason: String) -> GrammarError {
        GrammarError(code, path, "the pattern, at its character \(position): \(reason)", keyword: "pattern")
    }

    private var next: Unicode.Scalar? { position < characters.count ? characters[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == character else { return false }
        position += 1
        return true
    }

    /// Alternatives that need not span the text where they are not anchored.
    private mutating func searched() throws(GrammarError) -> [RegularExpression] {
        var parts: [RegularExpression] = []
        repeat {
            var sequence: [RegularExpression] = [.anyText]
            if take("^") {
                sequence = []
                try takeConditions()
            }
            sequence.append(try terms())
            if !take("$") { sequence.append(.anyText) }
            parts.append(.sequence(sequence))
        } while take("|")
        return parts
    }

    /// The pattern of some alternatives, and of what was looked ahead for.
    private func pattern(of parts: [RegularExpression]) throws(GrammarError) -> TextPattern {
        guard parts.count == 1 || conditions.isEmpty else {
            throw failure(.unsupported, "looking ahead is not supported in one of several alternatives")
        }
        return TextPattern(expression: .alternatives(parts), conditions: conditions)
    }

    private mutating func takeConditions() throws(GrammarError) {
        while let condition = try lookahead() { conditions.append(condition) }
    }

    /// A group that looks ahead, if there is one: `(?=...)` or `(?!...)`.
    private mutating func lookahead() throws(GrammarError) -> TextPattern.Condition? {
        let sign = position + 2 < characters.count ? characters[position + 2] : nil
        guard next == "(", characters[position + 1] == "?", sign == "=" || sign == "!" else { return nil }
        position += 3
        (depth, anchorDepth) = (depth + 1, 1)
        defer { (depth, anchorDepth) = (depth - 1, 0) }
        var parts: [RegularExpression] = []
        repeat {
            let part = try terms()
            parts.append(take("$") ? part : .sequence([part, .anyText]))
        } while take("|")
        guard take(")") else { throw failure(.invalidSchema, "'(' without ')'") }
        return TextPattern.Condition(expression: .alternatives(parts), isNegative: sign == "!")
    }

    private mutating func alternatives() throws(GrammarError) -> RegularExpression {
        var parts: [RegularExpression] = []
        repeat { parts.append(try terms()) } while take("|")
        return .alternatives(parts)
    }

    private mutating func terms() throws(GrammarError) -> RegularExpression {
        var parts: [RegularExpression] = []
        while let character = next, character != "|", character != ")", !(character == "$" && endsAlternative) {
            parts.append(try repetition(of: try atom()))
        }
        return .sequence(parts)
    }

    /// Whether the `$` that comes next stands at the end of an alternative of the whole pattern, or of what it looks for.
    private var endsAlternative: Bool {
        guard depth == anchorDepth else { return false }
        guard position + 1 < characters.count else { return depth == 0 }
        return characters[position + 1] == "|" || depth > 0 && characters[position + 1] == ")"
    }

    private mutating func repetition(of part: RegularExpression) throws(GrammarError) -> RegularExpression {
        var bounds: (Int, Int?)
        switch next {
        case "*": bounds = (0, nil)
        case "+": bounds = (1, nil)
        case "?": bounds = (0, 1)
        case "{":
            position += 1
            guard let least = number() else { throw failure(.invalidSchema, "'{' needs a number behind it") }
            bounds = (least, least)
            if take(",") { bounds.1 = number() }
            guard next == "}" else { throw failure(.invalidSchema, "'{' without '}'") }
            guard bounds.1 ?? .max >= least else { throw failure(.invalidSchema, "the bounds are the wrong way round") }
        default: return part
        }
        position += 1
        _ = take("?")
        if next == "*" || next == "+" || next == "{" { throw failure(.invalidSchema, "nothing to repeat") }
        return .repetition(part, bounds.0, bounds.1)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = next.flatMap({ Character($0).wholeNumberValue }), next?.isASCII == true {
            // Whatever is larger than this is too large anyway.
            value = min((value ?? 0) * 10 + digit, 1_000_000)
            position += 1
        }
        return value
    }

    private mutating func atom() throws(GrammarError) -> RegularExpression {
        guard let character = next else { throw failure(.invalidSchema, "it ends too early") }
        switch character {
        case "(": return try group()
        case "[": return try characterClass()
        case ".":
            position += 1
            return .characters(CharacterSets.lineBreaks.inverted())
        case "\\": return .characters(try escape())
        case "^", "$": throw failure(.unsupported, "'\(character)' is supported at the ends of the pattern only")
        case "*", "+", "?", "{": throw failure(.invalidSchema, "nothing to repeat")
        default:
            position += 1
            return .characters([character.value...character.value])
        }
    }

    private mutating func group() throws(GrammarError) -> RegularExpression {
        position += 1
        depth += 1
        guard depth <= Self.deepest else { throw failure(.tooLarge, "groups are nested too deep") }
        if take("?") {
            if take("<"), next != "=", next != "!" {
                while let character = next, character != ">" { position += 1 }
                guard take(">") else { throw failure(.invalidSchema, "the name of a group has no end") }
            } else if !take(":") {
                throw failure(
                    .unsupported,
                    "only plain groups are supported: nothing may look behind, or ahead elsewhere than right behind '^'"
                )
            }
        }
        let expression = try alternatives()
        guard take(")") else { throw failure(.invalidSchema, "'(' without ')'") }
        depth -= 1
        return expression
    }

    private mutating func characterClass() throws(GrammarError) -> RegularExpression {
        position += 1
        let isInverted = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !take("]") {
            let low = try classMember()
            ranges += low
            guard next == "-", position + 1 < characters.count, characters[position + 1] != "]" else { continue }
            position += 1
            let high = try classMember()
            guard let first = low.single, let last = high.single, first <= last else {
                throw failure(.invalidSchema, "a range of characters needs its lower one first")
            }
            ranges.append(first...last)
        }
        return .characters(isInverted ? ranges.inverted() : ranges.normalized())
    }

    private mutating func classMember() throws(GrammarError) -> [ClosedRange<UInt32>] {
        guard let character = next else { throw failure(.invalidSchema, "'[' without ']'") }
        if character == "\\" {
            if position + 1 < characters.count, characters[position + 1] == "b" {
                position += 2
                return [8...8]
            }
            return try escape()
        }
        position += 1
        return [character.value...character.value]
    }

    private mutating func escape() throws(GrammarError) -> [ClosedRange<UInt32>] {
        position += 1
        guard let character = next else { throw failure(.invalidSchema, "it ends with a backslash") }
        position += 1
        switch character {
        case "d": return CharacterSets.digits
        case "D": return CharacterSets.digits.inverted()
        case "w": return CharacterSets.wordCharacters
        case "W": return CharacterSets.wordCharacters.inverted()
        case "s": return CharacterSets.spaces
        case "S": return CharacterSets.spaces.inverted()
        case "t": return [9...9]
        case "n": return [10...10]
        case "v": return [11...11]
        case "f": return [12...12]
        case "r": return [13...13]
        case "x": return try hexadecimal(2)
        case "u": return try hexadecimal(4)
        default:
            // Letters and digits have meanings of their own: properties, boundaries, groups that came before.
            guard !CharacterSets.wordCharacters.contains(where: { $0.contains(character.value) }) || character == "_"
            else {
                position -= 1
                throw failure(.unsupported, "'\\\(character)' is not supported")
            }
            return [character.value...character.value]
        }
    }

    private mutating func hexadecimal(_ count: Int) throws(GrammarError) -> [ClosedRange<UInt32>] {
        let digits = characters[position...].prefix(count).map { String($0) }.joined()
        guard digits.count == count, digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else {
            throw failure(.invalidSchema, "an escape needs \(count) hexadecimal digits")
        }
        guard Unicode.Scalar(value) != nil else { throw failure(.unsupported, "half a surrogate pair is no character") }
        position += count
        return [value...value]
    }
}

extension [ClosedRange<UInt32>] {
    /// The only character, when there is only one.
    fileprivate var single: UInt32? {
        count == 1 && self[0].count == 1 ? self[0].lowerBound : nil
    }
}

/// The sets of characters that ECMAScript has names for.
enum CharacterSets {
    static let digits: [ClosedRange<UInt32>] = [0x30...0x39]
    static let wordCharacters: [ClosedRange<UInt32>] = [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
    static let lineBreaks: [ClosedRange<UInt32>] = [0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029]
    static let spaces: [ClosedRange<UInt32>] = [
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ]
}
