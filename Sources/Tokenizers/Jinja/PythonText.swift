/// Python's string operations, on code points: what templates written for Python expect of strings.
extension Text {
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || 0x1C...0x1F ~= scalar.value
    }

    static func isSpace(unit: UInt32) -> Bool {
        let value = unit & scalarMask
        return value < 0x80 ? value == 0x20 || 0x09...0x0D ~= value || 0x1C...0x1F ~= value : isSpace(scalar(unit))
    }

    /// `str.strip`, `lstrip`, `rstrip`: white space, or the characters given.
    func stripped(left: Bool = true, right: Bool = true, of characters: Text? = nil) -> Text {
        let set = characters.map { Set($0.units.map { $0 & Self.scalarMask }) }
        func isStripped(_ unit: UInt32) -> Bool { set?.contains(unit & Self.scalarMask) ?? Self.isSpace(unit: unit) }
        var (start, end) = (0, count)
        while left, start < end, isStripped(units[start]) { start += 1 }
        while right, start < end, isStripped(units[end - 1]) { end -= 1 }
        return self[start..<end]
    }

    /// `str.split` and `str.rsplit` on white space: runs count once, and those at the ends not at all.
    func splitOnSpace(limit: Int, fromRight: Bool = false) -> [Text] {
        if fromRight, limit >= 0 { return reversed.splitOnSpace(limit: limit).reversed().map(\.reversed) }
        var parts: [Text] = []
        var index = 0
        while true {
            while index < count, Self.isSpace(unit: units[index]) { index += 1 }
            guard index < count else { return parts }
            if parts.count == limit {
                return parts + [self[index..<count].withoutTrailingSpace(fromRight)]
            }
            let start = index
            while index < count, !Self.isSpace(unit: units[index]) { index += 1 }
            parts.append(self[start..<index])
        }
    }

    private func withoutTrailingSpace(_ isReversed: Bool) -> Text { isReversed ? stripped(left: false) : self }

    /// `str.split(separator, limit)` and `rsplit`; a negative limit is none, and the separator is not empty.
    func split(by separator: Text, limit: Int = -1, fromRight: Bool = false) -> [Text] {
        let most = limit < 0 ? Int.max : limit
        let places =
            fromRight
            ? occurrencesFromRight(of: separator, limit: most).reversed() : occurrences(of: separator, limit: most)
        var parts: [Text] = []
        var start = 0
        for place in places {
            parts.append(self[start..<place])
            start = place + separator.count
        }
        return parts + [self[start..<count]]
    }

    /// `str.splitlines`.
    func lines(keepingEnds: Bool = false) -> [Text] {
        var lines: [Text] = []
        var start = 0
        var index = 0
        while index < count {
            let value = units[index] & Self.scalarMask
            switch value {
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                var end = index + 1
                if value == 0x0D, end < count, units[end] & Self.scalarMask == 0x0A { end += 1 }
                lines.append(self[start..<(keepingEnds ? end : index)])
                start = end
                index = end
            default: index += 1
            }
        }
        return start < count ? lines + [self[start..<count]] : lines
    }

    /// `str.replace(old, new, limit)`; a negative limit is none.
    func replaced(_ old: Text, with new: Text, limit: Int = -1) -> Text {
        var result = Text(units: [], isMarkup: isMarkup)
        let most = limit < 0 ? Int.max : limit
        if old.isEmpty {
            for (index, unit) in units.enumerated() {
                if index < most { result.append(new) }
                result.append(unit: unit)
            }
            if count < most { result.append(new) }
            return result
        }
        for (index, part) in split(by: old, limit: limit).enumerated() {
            if index > 0 { result.append(new) }
            result.append(part)
        }
        return result
    }

    /// How many characters `replaced` makes, without making them.
    func countReplacing(_ old: Text, with new: Text, limit: Int) -> Int {
        let most = limit < 0 ? Int.max : limit
        let places = old.isEmpty ? min(count + 1, most) : occurrences(of: old, limit: most).count
        let (grown, overflow) = places.multipliedReportingOverflow(by: new.count)
        return overflow ? .max : count + grown
    }

    // MARK: Case

    private func mapped(_ mapping: (Int, Unicode.Scalar) -> String) -> Text {
        var result = Text(units: [], isMarkup: isMarkup)
        for (index, unit) in units.enumerated() {
            result.append(mapping(index, Self.scalar(unit)), inPlaceOf: unit)
        }
        return result
    }

    var upper: Text { mapped { $1.properties.uppercaseMapping } }

    /// `str.lower`, where a capital sigma at the end of a word becomes "ς".
    var lower: Text { mapped { lowercase($0, $1) } }

    private func lowercase(_ index: Int, _ scalar: Unicode.Scalar) -> String {
        guard scalar == "Σ" else { return scalar.properties.lowercaseMapping }
        // Python looks past everything that is case-ignorable, in both directions.
        func isCased(_ places: some Sequence<Int>) -> Bool {
            for place in places.prefix(64) {
                let properties = Self.scalar(units[place]).properties
                if !properties.isCaseIgnorable { return properties.isCased }
            }
            return false
        }
        return isCased((0..<index).reversed()) && !isCased(index + 1..<count) ? "ς" : "σ"
    }

    /// `str.casefold`: full case folding, which is lower case except where upper case says more.
    var folded: Text {
        mapped { _, scalar in
            let upper = scalar.properties.uppercaseMapping
            return upper.unicodeScalars.count > 1
                ? upper.unicodeScalars.reduce(into: "") { $0 += $1.properties.lowercaseMapping }
                : scalar == "ς" ? "σ" : scalar.properties.lowercaseMapping
        }
    }

    var capitalized: Text { mapped { $0 == 0 ? $1.properties.titlecaseMapping : lowercase($0, $1) } }

    /// `str.title`: every run of cased letters is capitalised.
    var titled: Text {
        var inWord = false
        return mapped { index, scalar in
            defer { inWord = scalar.properties.isCased }
            return inWord ? lowercase(index, scalar) : scalar.properties.titlecaseMapping
        }
    }

    var swapped: Text {
        mapped { index, scalar in
            let properties = scalar.properties
            if properties.isUppercase { return lowercase(index, scalar) }
            return properties.isLowercase ? properties.uppercaseMapping : String(scalar)
        }
    }

    // MARK: Width

    /// `str.center`, `ljust`, `rjust`: room is shared out by the side on which the text stands.
    func padded(to width: Int, with fill: UInt32 = 0x20, left: Bool, right: Bool) -> Text {
        let room = max(0, width - count)
        // Python's own rule for which side of a centred text gets the odd one.
        let before = left && right ? room / 2 + (room & width & 1) : left ? room : 0
        var result = Text(units: repeatElement(fill, count: before), isMarkup: isMarkup)
        result.append(self)
        result.append(Text(units: repeatElement(fill, count: room - before)))
        return result
    }

    func zeroFilled(to width: Int) -> Text {
        let sign = units.first.map { [0x2B, 0x2D].contains($0 & Self.scalarMask) } ?? false ? 1 : 0
        var result = self[0..<sign]
        result.append(Text(units: repeatElement(0x30, count: max(0, width - count))))
        result.append(self[sign..<count])
        return result
    }

    func tabsExpanded(to size: Int) -> Text {
        var result = Text(units: [], isMarkup: isMarkup)
        var column = 0
        for unit in units {
            switch unit & Self.scalarMask {
            case 0x09:
                let spaces = size > 0 ? size - column % size : 0
                result.append(String(repeating: " ", count: spaces))
                column += spaces
            case 0x0A, 0x0D:
                result.append(unit: unit)
                column = 0
            default:
                result.append(unit: unit)
                column += 1
            }
        }
        return result
    }

    // MARK: Writing

    /// `repr` of a string.
    var quoted: Text {
        let values = units.lazy.map { $0 & Self.scalarMask }
        let quote: UInt32 = values.contains(0x27) && !values.contains(0x22) ? 0x22 : 0x27
        var result = Text(units: [quote])
        for unit in units {
            let scalar = Self.scalar(unit)
            switch scalar {
            case "\\": result.append("\\\\", inPlaceOf: unit)
            case _ where scalar.value == quote: result.append("\\" + String(scalar), inPlaceOf: unit)
            case "\n": result.append("\\n", inPlaceOf: unit)
            case "\r": result.append("\\r", inPlaceOf: unit)
            case "\t": result.append("\\t", inPlaceOf: unit)
            case _ where Self.isPrintable(scalar): result.append(unit: unit)
            default:
                let (mark, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
                let digits = String(scalar.value, radix: 16)
                result.append(
                    "\\" + mark + String(repeating: "0", count: width - digits.count) + digits,
                    inPlaceOf: unit
                )
            }
        }
        result.append(unit: quote)
        return isMarkup ? Text("Markup(") + result + ")" : result
    }

    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    /// Markup that shows the text: `&`, `<`, `>` and quotes are escaped; markup stays as it is.
    var escaped: Text {
        if isMarkup { return self }
        var result = Text(units: [], isMarkup: true)
        for unit in units {
            switch unit & Self.scalarMask {
            case 0x26: result.append("&amp;", inPlaceOf: unit)
            case 0x3C: result.append("&lt;", inPlaceOf: unit)
            case 0x3E: result.append("&gt;", inPlaceOf: unit)
            case 0x27: result.append("&#39;", inPlaceOf: unit)
            case 0x22: result.append("&#34;", inPlaceOf: unit)
            default: result.append(unit: unit)
            }
        }
        return result
    }
}
