/// Makes links of the addresses in a text, as `urlize` does.
struct Links {
    var longest: Int?
    var attributes = Text()
    var schemes: [Text] = []

    func linked(_ text: Text) -> Text {
        let text = text.escaped.plain
        var result = Text()
        var index = 0
        while index < text.count {
            let start = index
            let isSpace = Text.isSpace(unit: text.units[start])
            while index < text.count, Text.isSpace(unit: text.units[index]) == isSpace { index += 1 }
            result.append(isSpace ? text[start..<index] : word(text[start..<index]))
        }
        return result
    }

    private func word(_ word: Text) -> Text {
        var start = 0
        while let bracket = (["(", "<", "&lt;"] as [Text]).first(where: { word.hasPrefix($0, at: start) }) {
            start += bracket.count
        }
        var end = word.count
        while end > start,
            let mark = ([")", ">", ".", ",", "&gt;"] as [Text]).first(where: {
                end - $0.count >= start && word.hasPrefix($0, at: end - $0.count)
            })
        {
            end -= mark.count
        }
        for (open, close) in [("(", ")"), ("<", ">"), ("&lt;", "&gt;")] as [(Text, Text)] {
            let middle = word[start..<end]
            let opened = middle.occurrences(of: open).count
            guard opened > middle.occurrences(of: close).count else { continue }
            // A bracket that is opened in the address belongs to it when it is closed.
            for place in word[end..<word.count].occurrences(of: close, limit: opened).suffix(1) {
                end += place + close.count
            }
        }
        return word[0..<start] + link(word[start..<end]) + word[end..<word.count]
    }

    private func link(_ middle: Text) -> Text {
        let address = middle.string
        if Self.isWebAddress(address) {
            let target =
                address.hasPrefix("http://") || address.hasPrefix("https://") ? middle : Text("https://") + middle
            return anchor(target, attributes, trimmed(middle))
        }
        if address.hasPrefix("mailto:"), Self.isMailAddress(String(address.dropFirst(7))) {
            return anchor(middle, Text(), middle[7..<middle.count])
        }
        if address.contains("@"), !address.hasPrefix("www."), !address.hasPrefix("@"), !address.contains(":"),
            Self.isMailAddress(address)
        {
            return anchor(Text("mailto:") + middle, Text(), middle)
        }
        return schemes.contains { middle != $0 && middle.hasPrefix($0) } ? anchor(middle, attributes, middle) : middle
    }

    private func anchor(_ target: Text, _ attributes: Text, _ shown: Text) -> Text {
        Text("<a href=\"") + target + "\"" + attributes + ">" + shown + "</a>"
    }

    private func trimmed(_ address: Text) -> Text {
        guard let longest, address.count > longest else { return address }
        return address[0..<max(0, longest)] + "..."
    }

    private static func isMailAddress(_ text: String) -> Bool {
        guard let at = text.lastIndex(of: "@"), at > text.startIndex else { return false }
        let host = text[text.index(after: at)...]
        guard let dot = host.lastIndex(of: "."), dot > host.startIndex, let first = host.first, isWord(first) else {
            return false
        }
        let name = host[host.index(after: dot)...]
        return !name.isEmpty && name.allSatisfy(isWord) && host.allSatisfy { isWord($0) || $0 == "." || $0 == "-" }
    }

    private static func isWord(_ character: Character) -> Bool {
        character.unicodeScalars.allSatisfy { Text.isWord(unit: $0.value) }
    }

    private static let domains: Set<String> = ["com", "net", "int", "edu", "gov", "org", "info", "mil"]

    private static func isWebAddress(_ text: String) -> Bool {
        let lower = text.lowercased()
        let scheme = ["https://", "http://", "www."].first { lower.hasPrefix($0) }
        let rest = lower.dropFirst(scheme?.count ?? 0)
        let host = rest.prefix { !"/?#:".contains($0) }
        let tail = rest.dropFirst(host.count)
        guard isTail(tail) || scheme?.hasPrefix("http") ?? false && rest.hasPrefix("[") else { return false }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let areWords = labels.dropLast().allSatisfy {
            !$0.isEmpty && $0.allSatisfy { isWord($0) || $0 == "%" || $0 == "-" }
        }
        guard let last = labels.last, areWords else { return false }
        if scheme == nil {
            return labels.count > 1 && domains.contains(String(last))
                && labels.dropLast().allSatisfy { 2...63 ~= $0.count }
        }
        if last.hasPrefix("xn--"), 2...59 ~= last.count - 4 { return true }
        if 2...63 ~= last.count, last.allSatisfy({ $0.isASCII && $0.isLetter }) { return true }
        guard scheme != "www." else { return false }
        if labels.count == 4 { return labels.allSatisfy { 1...3 ~= $0.count && $0.allSatisfy(\.isNumber) } }
        return rest.hasPrefix("[") && rest.dropFirst().prefix { $0 != "]" }.allSatisfy { $0.isHexDigit || $0 == ":" }
    }

    /// What may follow a host: a port, and a path, query or fragment.
    private static func isTail(_ tail: Substring) -> Bool {
        guard tail.hasPrefix(":") else { return true }
        let port = tail.dropFirst().prefix { $0.isASCII && $0.isNumber }
        let rest = tail.dropFirst(port.count + 1)
        return 1...5 ~= port.count && (rest.isEmpty || "/?#".contains(rest.first ?? " "))
    }
}
