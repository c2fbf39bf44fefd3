/// Writes answers that mean the same and differ in typesetting alone in one way.
enum AnswerNormalization {
    /// The normal form: no spaces, no sizes and delimiters of LaTeX, one spelling of a fraction, no units.
    static func normalized(_ answer: String) -> String {
        var text = answer.replacing("\n", with: " ").replacing("\u{2212}", with: "-")
        text = unwrapped(trimmed(text), "\\boxed{", "}")
        for (open, close) in [("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")] {
            text = trimmed(unwrapped(text, open, close))
        }
        if !text.utf8.allSatisfy({ $0 < 128 && !"\\$%~{".utf8.contains($0) }) {
            // A line break of a matrix is no command.
            text = text.replacing("\\\\", with: "\u{E000}")
            for (spelling, normal) in spellings { text = text.replacing(spelling, with: normal) }
            text = text.replacing("\u{E000}", with: "\\\\")
        }
        text = withoutText(text)
        text.removeAll { $0 == " " || $0 == "\u{a0}" }
        text = withBraces(text)
        while text.last == "." || text.last == "," || text.last == ";" { text.removeLast() }
        return withoutVariable(text)
    }

    /// Longest first where one is the start of another.
    private static let spellings: [(String, String)] = [
        ("\\left", ""), ("\\right", ""), ("\\displaystyle", ""), ("\\bigl", ""), ("\\bigr", ""), ("\\big", ""),
        ("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\cfrac", "\\frac"), ("\\!", ""), ("\\,", ""), ("\\;", ""),
        ("\\:", ""), ("\\ ", " "), ("~", " "), ("\\quad", " "), ("{,}", ","), ("^{\\circ}", ""), ("^\\circ", ""),
        ("\u{b0}", ""), ("\\degree", ""), ("\\%", ""), ("%", ""), ("\\$", ""), ("$", ""), ("\\neq", "\\ne"),
        ("\\leq", "\\le"), ("\\geq", "\\ge"), ("\\mathrm{", "\\text{"), ("\\textbf{", "\\text{"),
        ("\\mathbf{", "\\text{"),
        ("\\mbox{", "\\text{"), ("\\textit{", "\\text{"), ("\\operatorname{", "\\text{"), ("\\text {", "\\text{"),
        ("\u{d7}", "\\times"), ("\u{b7}", "\\cdot"), ("\u{221e}", "\\infty"), ("\u{3c0}", "\\pi"),
        ("\u{221a}", "\\sqrt"),
        ("\u{b1}", "\\pm"), ("\u{222a}", "\\cup"), ("\\lbrace", "\\{"), ("\\rbrace", "\\}"),
    ]

    /// A unit or remark in `\text{...}` after a value goes; a text that is the answer stays, without the command.
    private static func withoutText(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "\\text{") {
            result += rest[..<start.lowerBound]
            rest = rest[start.upperBound...]
            let content = rest.prefix { $0 != "}" }
            rest = rest.dropFirst(content.count + 1)
            let word = trimmed(String(content))
            if word == "and" || word == "or" {
                result += ","
            } else if !result.contains(where: { !$0.isWhitespace && $0 != "(" }) || content.contains("(") {
                result += word
            } else {
                for power in ["^2", "^3", "^{2}", "^{3}"] where rest.hasPrefix(power) {
                    rest = rest.dropFirst(power.count)
                    break
                }
            }
        }
        result += rest
        for word in [" and ", " or "] { result = result.replacing(word, with: ",") }
        return withoutUnit(result)
    }

    /// `12 cm` and `12 square units` without their words.
    private static func withoutUnit(_ text: String) -> String {
        guard let first = text.first(where: { !$0.isWhitespace }), first.isNumber || "-+.\\".contains(first),
            let space = text.firstIndex(where: { $0 == " " })
        else { return text }
        let words = text[space...].split(separator: " ").map { $0.prefix { $0 != "^" } }
        let isUnit =
            !words.isEmpty
            && words.allSatisfy { word in
                shortUnits.contains(String(word)) || (word.count > 2 && word.allSatisfy(\.isLetter))
            }
        return isUnit && MathExpression(String(text[..<space])) != nil ? String(text[..<space]) : text
    }

    /// Shorter words may be variables.
    private static let shortUnits: Set<String> = ["cm", "mm", "km", "kg", "ft", "in", "ml", "hr"]

    /// `\frac12` as `\frac{1}{2}` and `\sqrt3` as `\sqrt{3}`; sub- and superscripts of one character without braces.
    private static func withBraces(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let character = rest.first {
            if let command = ["\\frac", "\\sqrt"].first(where: { rest.hasPrefix($0) }) {
                rest = rest.dropFirst(command.count)
                result += command
                for _ in 0..<(command == "\\frac" ? 2 : 1) {
                    guard let next = rest.first, next.isNumber || next.isLetter else { break }
                    result += "{\(next)}"
                    rest = rest.dropFirst()
                }
            } else if character == "^" || character == "_", rest.dropFirst().first == "{",
                rest.dropFirst(3).first == "}"
            {
                result.append(character)
                result += rest.dropFirst(2).prefix(1)
                rest = rest.dropFirst(4)
            } else {
                result.append(character)
                rest = rest.dropFirst()
            }
        }
        return result
    }

    /// `x=5` and `x\in[0,1)` as the value alone.
    static func withoutVariable(_ text: String) -> String {
        for sign in ["=", "\\in"] {
            guard let range = text.firstRange(of: sign) else { continue }
            let name = text[..<range.lowerBound]
            let value = text[range.upperBound...]
            let isName = (1...2).contains(name.count) && name.first?.isLetter == true
            let isFunction = name.count == 4 && name.hasSuffix(")") && name.dropFirst().first == "("
            if isName || isFunction, !value.isEmpty, !value.contains("=") { return String(value) }
        }
        return text
    }

    static func unwrapped(_ text: String, _ open: String, _ close: String) -> String {
        guard text.hasPrefix(open), text.hasSuffix(close), text.count >= open.count + close.count else { return text }
        let inner = text.dropFirst(open.count).dropLast(close.count)
        return inner.contains(open) || (open == "\\boxed{" && !isBalanced(inner)) ? text : String(inner)
    }

    private static func isBalanced(_ text: Substring) -> Bool {
        var depth = 0
        for character in text {
            if character == "{" { depth += 1 }
            if character == "}" { depth -= 1 }
            if depth < 0 { return false }
        }
        return depth == 0
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
