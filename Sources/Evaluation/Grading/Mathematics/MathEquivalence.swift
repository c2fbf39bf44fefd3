/// Tells whether two answers mean the same.
package enum MathEquivalence {
    /// Whether `answer` is the `expected` one, typesetting and the form of expressions aside.
    ///
    /// Fractions are compared exactly, whatever their size; roots, logarithms and other real numbers by intervals of 100
    /// digits, without any tolerance; expressions with variables at a dozen fixed points. Lists and `{sets}` match in any
    /// order, `(tuples)` and intervals in theirs and with their brackets; `0 \le x < 1` is `[0,1)`. `x = 5` is `5`, and not
    /// `y = 5`. What cannot be read must be the same text.
    ///
    /// Conventions, where graders differ: a percent sign may be left out, and `50\%` is also `1/2`; a unit may be left out, and
    /// two known units that differ make answers differ; `\log` without a base is to ten; decimals are exact, so that `0.333` is
    /// not `1/3`; words and the letters of choices are compared without case, variables with it.
    package static func areEqual(_ answer: String, _ expected: String) -> Bool {
        let (a, b) = (AnswerText.normalized(answer), AnswerText.normalized(expected))
        guard !a.isEmpty, !b.isEmpty else { return false }
        if a == b { return true }
        if let x = MathAnswerReader.answer(answer), let y = MathAnswerReader.answer(expected), x.means(y) {
            return true
        }
        // `(1,234)` may be a number or a pair.
        let (s, t) = (AnswerText.withSpacedCommas(answer), AnswerText.withSpacedCommas(expected))
        guard s != answer || t != expected, let x = MathAnswerReader.answer(s), let y = MathAnswerReader.answer(t)
        else {
            return false
        }
        return x.means(y)
    }
}

/// Answers as text.
enum AnswerText {
    /// Without spaces, sizes of brackets and dollar signs: what must be the same where an answer cannot be read.
    static func normalized(_ answer: String) -> String {
        guard let tokens = MathToken.tokens(of: answer) else { return answer }
        var text = tokens.compactMap { token in
            if token == .rowBreak { return "\\\\" }
            return token == .symbol("$") ? nil : MathParser.text(token)
        }.joined(separator: "\u{1f}")
        while text.hasSuffix(".") || text.hasSuffix(",") || text.hasSuffix("\u{1f}") { text.removeLast() }
        return text
    }

    /// Commas inside of brackets as separators, where they could also be read as those of thousands.
    static func withSpacedCommas(_ answer: String) -> String {
        var result = ""
        var depth = 0
        for character in answer {
            if "([{".contains(character) { depth += 1 }
            if ")]}".contains(character) { depth -= 1 }
            result.append(character)
            if character == ",", depth > 0, !result.hasSuffix("{,") { result.append("  ") }
        }
        return result
    }
}
