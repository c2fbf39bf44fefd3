/// A piece of an answer in LaTeX, in plain text or in a mixture of both.
enum MathToken: Hashable {
    /// Digits with at most one point; separators of thousands are gone.
    case number(String)
    /// The digits that repeat for ever behind those of a decimal: `0.5\overline{3}`.
    case repeating(String)
    /// One variable, or a Greek letter with its backslash.
    case letter(String)
    /// Letters that stand together outside of a command: a name, a unit, or a product of variables.
    case letters(String)
    /// A word of `\text{...}` and the like.
    case word(String)
    /// A command, without its backslash.
    case command(String)
    case symbol(Character)
    /// The end of a matrix's row.
    case rowBreak
    case space
}

extension MathToken {
    /// Reads an answer into tokens; nil where it is longer than any answer.
    static func tokens(of text: String) -> [MathToken]? {
        guard text.utf8.count <= 4000 else { return nil }
        var lexer = MathLexer(characters: Array(plain(text)))
        lexer.read(isText: false)
        return lexer.tokens.count <= 3000 ? lexer.tokens : nil
    }

    /// One spelling of characters that have several.
    private static func plain(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if let spelling = spellings[scalar] {
                result += spelling
            } else if (0xFF01...0xFF5E).contains(scalar.value), let narrow = Unicode.Scalar(scalar.value - 0xFEE0) {
                result.unicodeScalars.append(narrow)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static let spellings: [Unicode.Scalar: String] = [
        "\u{2212}": "-", "\u{2013}": "-", "\u{2014}": "-", "\u{d7}": "*", "\u{b7}": "*", "\u{22c5}": "*", "\u{f7}": "/",
        "\u{221e}": "\\infty ", "\u{3c0}": "\\pi ", "\u{221a}": "\\surd ", "\u{b1}": "\\pm ", "\u{2213}": "\\mp ",
        "\u{222a}": "\\cup ", "\u{2229}": "\\cap ", "\u{2208}": "\\in ", "\u{2264}": "\\le ", "\u{2265}": "\\ge ",
        "\u{2260}": "\\ne ", "\u{2248}": "\\approx ", "\u{2261}": "\\equiv ", "\u{2205}": "\\emptyset ",
        "\u{b0}": "^\\circ ",
        "\u{b2}": "^2", "\u{b3}": "^3", "\u{bd}": "\\frac{1}{2}", "\u{bc}": "\\frac{1}{4}", "\u{be}": "\\frac{3}{4}",
        "\u{230a}": "\\lfloor ", "\u{230b}": "\\rfloor ", "\u{2308}": "\\lceil ", "\u{2309}": "\\rceil ",
        "\u{27e8}": "\\langle ", "\u{27e9}": "\\rangle ", "\u{a0}": " ", "\u{2009}": " ", "\u{202f}": " ",
        "\u{3b1}": "\\alpha ",
        "\u{3b2}": "\\beta ", "\u{3b3}": "\\gamma ", "\u{3b8}": "\\theta ", "\u{3bb}": "\\lambda ", "\u{3c6}": "\\phi ",
        "\u{3002}": ".", "\u{3001}": ",", "\u{2019}": "'", "\u{2032}": "'",
    ]
}

/// Reads characters into tokens.
private struct MathLexer {
    let characters: [Character]
    var position = 0
    var tokens: [MathToken] = []
    var depth = 0

    private var peek: Character? { position < characters.count ? characters[position] : nil }

    /// Reads to the end, or in `\text{...}` to the brace that closes it.
    mutating func read(isText: Bool) {
        depth += 1
        defer { depth -= 1 }
        var braces = 0
        while let character = peek {
            if isText, character == "{" { braces += 1 }
            if isText, character == "}" {
                position += 1
                if braces == 0 { return }
                braces -= 1
                continue
            }
            if character.isWhitespace {
                position += 1
                space()
            } else if character == "\\" {
                position += 1
                readCommand(isText: isText)
            } else if Self.isDigit(character) || (character == "." && isDigit(at: position + 1)) {
                readNumber()
            } else if Self.isLetter(character) {
                readLetters(isText: isText)
            } else {
                position += 1
                if character == "~" {
                    space()
                } else if character != "$", !isText || character != "{" {
                    tokens.append(.symbol(character))
                }
            }
        }
    }

    private static func isDigit(_ c: Character) -> Bool { c.isASCII && c.isNumber }
    private static func isLetter(_ c: Character) -> Bool { c.isLetter }
    private func isDigit(at index: Int) -> Bool {
        characters.indices.contains(index) && Self.isDigit(characters[index])
    }

    private mutating func space() {
        if let last = tokens.last, last != .space { tokens.append(.space) }
    }

    private mutating func readLetters(isText: Bool) {
        let start = position
        while let c = peek, Self.isLetter(c) { position += 1 }
        let run = String(characters[start..<position])
        if isText {
            tokens.append(.word(run))
        } else {
            tokens.append(run.count == 1 ? .letter(run) : .letters(run))
        }
    }

    /// Digits, a point, and commas or thin spaces between groups of exactly three.
    private mutating func readNumber() {
        var digits = ""
        var hasPoint = false
        var groups: [Int] = [0]
        while let c = peek {
            if Self.isDigit(c) {
                digits.append(c)
                groups[groups.count - 1] += 1
                position += 1
            } else if c == ".", !hasPoint {
                // A full stop at the end belongs to the sentence.
                guard isDigit(at: position + 1) || startsRepeating(at: position + 1) else {
                    if position + 1 < characters.count || digits.isEmpty { break }
                    break
                }
                hasPoint = true
                digits.append(c)
                position += 1
            } else if !hasPoint, let length = separator(), groups.count > 1 ? groups.last == 3 : groups[0] <= 3 {
                position += length
                groups.append(0)
            } else {
                break
            }
        }
        tokens.append(.number(digits))
        if hasPoint, let repeating = takeRepeating() { tokens.append(.repeating(repeating)) }
    }

    /// The length of what stands between two groups of three digits here.
    private func separator() -> Int? {
        for spelling in Self.separators where starts(with: spelling) {
            let next = position + spelling.count
            if isDigit(at: next), isDigit(at: next + 1), isDigit(at: next + 2), !isDigit(at: next + 3) {
                return spelling.count
            }
        }
        return nil
    }

    private static let separators = [",\\! ", ",\\!", "{,}\\!", "{,} ", "{,}", "\\,", "\\;", ",", " "].map(Array.init)

    private func starts(with word: [Character], at index: Int? = nil) -> Bool {
        let start = index ?? position
        return start + word.count <= characters.count && characters[start..<start + word.count].elementsEqual(word)
    }

    private static let overlines = ["\\overline{", "\\bar{", "\\dot{"].map(Array.init)

    private func startsRepeating(at index: Int) -> Bool { Self.overlines.contains { starts(with: $0, at: index) } }

    private mutating func takeRepeating() -> String? {
        guard let open = Self.overlines.first(where: { starts(with: $0) }) else { return nil }
        let start = position + open.count
        let digits = characters[start...].prefix(while: Self.isDigit)
        guard !digits.isEmpty, digits.count <= 100, starts(with: ["}"], at: start + digits.count) else { return nil }
        position = start + digits.count + 1
        return String(digits)
    }

    // MARK: Commands

    private mutating func readCommand(isText: Bool) {
        guard let first = peek else { return }
        guard first.isASCII, first.isLetter else {
            position += 1
            switch first {
            case "\\": tokens.append(.rowBreak)
            case ",", ";", ":", "!", " ", ">": space()
            case "(", ")", "[", "]": break
            case "{": tokens.append(.command("lbrace"))
            case "}": tokens.append(.command("rbrace"))
            case "|": tokens.append(.symbol("|"))
            case "$": tokens.append(.symbol("$"))
            default: tokens.append(.symbol(first))
            }
            return
        }
        let start = position
        while let c = peek, c.isASCII, c.isLetter { position += 1 }
        let name = String(characters[start..<position])
        if Self.textCommands.contains(name) {
            skipSpaces()
            guard peek == "{", depth < 20 else { return }
            position += 1
            if name == "mathrm" || name == "operatorname" || name == "mathbf", let known = takeKnownName() {
                tokens.append(known)
            } else {
                read(isText: true)
            }
        } else if Self.decorations.contains(name) {
            skipSpaces()
        } else if Self.dropped.contains(name) {
            space()
            if Self.withArgument.contains(name) { skipArgument() }
            // `\left.` has no bracket.
            if name == "left" || name == "right", peek == "." { position += 1 }
        } else {
            let known = Self.aliases[name] ?? name
            tokens.append(Self.greek.contains(known) ? .letter("\\" + known) : .command(known))
            // The space that ends a command means nothing.
            skipSpaces()
            if let count = Self.arguments[known] { readDigits(count) }
        }
    }

    /// Arguments without braces are one digit each: `\frac12`.
    private mutating func readDigits(_ count: Int) {
        for _ in 0..<count {
            guard let digit = peek, Self.isDigit(digit) else { return }
            tokens.append(.number(String(digit)))
            position += 1
        }
    }

    private static let arguments = ["frac": 2, "binom": 2, "sqrt": 1]

    /// `\operatorname{lcm}`, `\mathrm{e}`: what is a function or a single letter is no text.
    private mutating func takeKnownName() -> MathToken? {
        let rest = characters[position...]
        guard let close = rest.firstIndex(of: "}") else { return nil }
        let name = String(rest[..<close]).filter { !$0.isWhitespace }
        guard name.count == 1 && name.allSatisfy(\.isLetter) || MathParser.functions[name] != nil else { return nil }
        position = close + 1
        return name.count == 1 ? .letter(name) : .command(name)
    }

    private mutating func skipSpaces() {
        while let c = peek, c.isWhitespace { position += 1 }
    }

    private mutating func skipArgument() {
        skipSpaces()
        guard peek == "{" else { return }
        var depth = 0
        while let c = peek {
            position += 1
            if c == "{" { depth += 1 }
            if c == "}" { depth -= 1 }
            if depth == 0 { return }
        }
    }

    private static let textCommands: Set<String> = [
        "text", "textbf", "textit", "textrm", "textsf", "texttt", "textnormal", "mathrm", "mathbf", "mathit", "mathsf",
        "mathtt", "mbox", "hbox", "operatorname", "emph",
    ]
    /// Commands whose argument means what it would mean without them.
    private static let decorations: Set<String> = [
        "boxed", "fbox", "boldsymbol", "bm", "underline", "displaystyle", "textstyle", "scriptstyle", "ensuremath",
        "mathord", "mathopen", "mathclose", "mathbin", "limits", "nolimits", "bf", "rm", "it",
    ]
    private static let dropped: Set<String> = [
        "left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr",
        "quad",
        "qquad", "enspace", "thinspace", "color", "textcolor", "hspace", "vspace", "phantom", "hphantom", "vphantom",
        "label", "tag", "newline", "hfill", "strut", "null",
    ]
    private static let withArgument: Set<String> = [
        "color", "textcolor", "hspace", "vspace", "phantom", "hphantom", "vphantom", "label", "tag",
    ]
    private static let aliases: [String: String] = [
        "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "dbinom": "binom", "tbinom": "binom", "leq": "le",
        "geq": "ge",
        "leqslant": "le", "geqslant": "ge", "neq": "ne", "lt": "<", "gt": ">", "cdotp": "cdot", "ast": "cdot",
        "lbrack": "[", "rbrack": "]", "lvert": "vert", "rvert": "vert", "mid": "vert", "arctg": "arctan", "tg": "tan",
        "ctg": "cot", "varnothing": "emptyset", "degree": "circ", "land": "and", "lor": "or", "colon": ":",
        "iff": "or", "longrightarrow": "to", "rightarrow": "to",
    ]
    private static let greek: Set<String> = [
        "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota", "kappa",
        "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "upsilon", "phi", "varphi", "chi", "psi", "omega", "Gamma",
        "Delta", "Theta", "Lambda", "Xi", "Sigma", "Upsilon", "Phi", "Psi", "Omega", "ell",
    ]
}
