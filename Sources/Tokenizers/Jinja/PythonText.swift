/// Python's string operations, on code points: what templates written for Python expect of strings.
enum PythonText {
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || 0x1C...0x1F ~= scalar.value
    }

    /// `str.strip`, `lstrip`, `rstrip`: white space, or the characters given.
    static func stripped(_ text: String, left: Bool = true, right: Bool = true, of characters: String? = nil) -> String
    {
        let set = characters.map { Set($0.unicodeScalars) }
        func isStripped(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? isSpace(scalar) }
        var slice = text.unicodeScalars[...]
        while left, let first = slice.first, isStripped(first) { slice.removeFirst() }
        while right, let last = slice.last, isStripped(last) { slice.removeLast() }
        return String(slice)
    }

    /// `str.split` on white space: runs count once, and those at the ends not at all.
    static func splitOnSpace(_ text: String, limit: Int) -> [String] {
        var parts: [String] = []
        var rest = text.unicodeScalars[...]
        while true {
            rest = rest.drop(while: isSpace)
            guard !rest.isEmpty else { return parts }
            if parts.count == limit {
                parts.append(String(rest))
                return parts
            }
            let end = rest.firstIndex(where: isSpace) ?? rest.endIndex
            parts.append(String(rest[..<end]))
            rest = rest[end...]
        }
    }

    /// `str.split(separator, limit)`; a negative limit is none.
    ///
    /// The separator is not empty.
    static func split(_ text: String, by separator: String, limit: Int) -> [String] {
        let bytes = Array(text.utf8)
        var parts: [String] = []
        var start = 0
        for position in occurrences(of: Array(separator.utf8), in: bytes) {
            if parts.count == limit { break }
            parts.append(String(decoding: bytes[start..<position], as: UTF8.self))
            start = position + separator.utf8.count
        }
        parts.append(String(decoding: bytes[start...], as: UTF8.self))
        return parts
    }

    /// `str.splitlines`.
    static func lines(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        var isOpen = false
        var wasReturn = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where wasReturn: break
            case "\n", "\r", "\u{B}", "\u{C}", "\u{1C}", "\u{1D}", "\u{1E}", "\u{85}", "\u{2028}", "\u{2029}":
                lines.append(line)
                line = ""
                isOpen = false
            default:
                line.unicodeScalars.append(scalar)
                isOpen = true
            }
            wasReturn = scalar == "\r"
        }
        return isOpen ? lines + [line] : lines
    }

    /// Where a byte string occurs, from the left, without overlap.
    static func occurrences(of needle: [UInt8], in text: [UInt8]) -> [Int] {
        guard let first = needle.first else { return [] }
        var found: [Int] = []
        var index = 0
        while index + needle.count <= text.count {
            if text[index] == first, text[index..<index + needle.count].elementsEqual(needle) {
                found.append(index)
                index += needle.count
            } else {
                index += 1
            }
        }
        return found
    }

    static func contains(_ text: String, _ part: String) -> Bool {
        part.isEmpty || !occurrences(of: Array(part.utf8), in: Array(text.utf8)).isEmpty
    }

    /// `str.replace(old, new, limit)`; a negative limit is none.
    static func replaced(_ text: String, _ old: String, with new: String, limit: Int) -> String {
        if old.isEmpty {
            var result = ""
            var count = 0
            for scalar in text.unicodeScalars {
                if count != limit {
                    result += new
                    count += 1
                }
                result.unicodeScalars.append(scalar)
            }
            return count != limit ? result + new : result
        }
        return split(text, by: old, limit: limit).joined(separator: new)
    }

    static func upper(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += $1.properties.uppercaseMapping }
    }

    /// `str.lower`, where a capital sigma at the end of a word becomes "ς".
    static func lower(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            if scalar == "Σ" {
                func isCased(_ neighbours: some Sequence<Unicode.Scalar>) -> Bool {
                    neighbours.first { !$0.properties.isCaseIgnorable }?.properties.isCased ?? false
                }
                result += isCased(scalars[..<index].reversed()) && !isCased(scalars[(index + 1)...]) ? "ς" : "σ"
            } else {
                result += scalar.properties.lowercaseMapping
            }
        }
        return result
    }

    static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return "" }
        return first.properties.titlecaseMapping + lower(String(text.unicodeScalars.dropFirst()))
    }

    /// `str.title`: every run of cased letters is capitalised.
    static func titled(_ text: String) -> String {
        var result = ""
        var inWord = false
        for scalar in text.unicodeScalars {
            result += inWord ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
            inWord = scalar.properties.isCased
        }
        return result
    }

    /// `repr` of a string.
    static func quoted(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
        var result = String(quote)
        for scalar in scalars {
            switch scalar {
            case quote, "\\": result += "\\" + String(scalar)
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
            default:
                let (mark, width) =
                    scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
                let digits = String(scalar.value, radix: 16)
                result += "\\" + mark + String(repeating: "0", count: width - digits.count) + digits
            }
        }
        return result + String(quote)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }
}
