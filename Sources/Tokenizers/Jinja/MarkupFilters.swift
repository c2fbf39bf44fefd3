/// Filters for HTML and addresses.
extension Renderer {
    /// Nil for a filter of another kind.
    func markupFilter(
        _ name: String,
        _ value: Value,
        _ arguments: CallArguments,
        _ line: Int
    ) throws(TokenizerError) -> Value? {
        switch name {
        case "safe":
            var text = try charged(value)
            text.isMarkup = true
            return .string(text)
        case "e", "escape": return try string(try charged(value).escaped)
        case "forceescape": return try string(try charged(value).plain.escaped)
        case "striptags": return try string(Self.unescaped(Self.withoutTags(try charged(value))))
        case "xmlattr": return try attributes(value, arguments, line)
        case "urlencode": return try urlEncoded(value, line)
        case "urlize": return try linked(value, arguments, line)
        default: return nil
        }
    }

    /// Takes out tags and comments, and makes runs of white space one space.
    private static func withoutTags(_ text: Text) -> Text {
        var kept = Text()
        var position = 0
        let (opens, closes) = (text.occurrences(of: "<"), text.occurrences(of: ">"))
        let ends = text.occurrences(of: "-->")
        var (close, end) = (0, 0)
        for open in opens where open >= position {
            let stop: Int
            if text.hasPrefix("<!--", at: open) {
                while end < ends.count, ends[end] < open + 4 { end += 1 }
                guard end < ends.count else { break }
                stop = ends[end] + 3
            } else {
                while close < closes.count, closes[close] < open { close += 1 }
                guard close < closes.count else { break }
                stop = closes[close] + 1
            }
            kept.append(text[position..<open])
            position = stop
        }
        kept.append(text[position..<text.count])
        var result = Text()
        for (index, word) in kept.splitOnSpace(limit: -1).enumerated() {
            if index > 0 { result.append(" ") }
            result.append(word)
        }
        return result
    }

    private static let entities = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "copy": "©", "reg": "®",
        "laquo": "«", "raquo": "»", "hellip": "…", "mdash": "—", "ndash": "–", "euro": "€", "trade": "™",
        "middot": "·", "times": "×", "deg": "°", "sect": "§", "para": "¶", "bull": "•",
    ]

    private static func unescaped(_ text: Text) -> Text {
        var result = Text()
        var index = 0
        while index < text.count {
            let end = text.units[index..<min(index + 12, text.count)].firstIndex { $0 & Text.scalarMask == 0x3B }
            guard text.units[index] & Text.scalarMask == 0x26, let end,
                let character = character(text[index + 1..<end].string)
            else {
                result.append(unit: text.units[index])
                index += 1
                continue
            }
            result.append(character, inPlaceOf: text.units[index])
            index = end + 1
        }
        return result
    }

    private static func character(_ entity: String) -> String? {
        guard entity.hasPrefix("#") else { return entities[entity] }
        let isHexadecimal = entity.lowercased().hasPrefix("#x")
        let code = UInt32(entity.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10)
        return code.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
    }

    private func attributes(_ value: Value, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        guard case .dictionary(let dictionary) = value else { throw failure("'xmlattr' needs a mapping", line) }
        var result = Text()
        for (key, value) in zip(dictionary.fields.keys, dictionary.fields.values)
        where !value.isNone && !value.isUndefined {
            let name = try charged(key)
            let isSound = name.units.allSatisfy { unit in
                let scalar = Text.scalar(unit)
                return !Text.isSpace(scalar) && !"/>=".unicodeScalars.contains(scalar)
            }
            guard isSound else { throw failure("'\(name.string)' cannot be the name of an attribute", line) }
            if !result.isEmpty { result.append(" ") }
            result.append(name.escaped)
            result.append("=\"")
            result.append(try charged(value).escaped)
            result.append("\"")
        }
        if !result.isEmpty, arguments.value(0, "autospace")?.isTrue ?? true { result = Text(" ") + result }
        result.isMarkup = autoescape
        return .string(result)
    }

    // MARK: Addresses

    private func urlEncoded(_ value: Value, _ line: Int) throws(TokenizerError) -> Value {
        let pairs: [Value]
        switch value {
        case .dictionary: pairs = try items(of: try call(method: "items", of: value, CallArguments(), line), line: line)
        case .list, .generator: pairs = try items(of: value, line: line)
        default: return try string(Self.percentEncoded(try charged(value), isQuery: false))
        }
        var result = Text()
        for (index, pair) in pairs.enumerated() {
            let parts = try items(of: pair, line: line)
            guard parts.count == 2 else { throw failure("'urlencode' needs a text, a mapping or pairs", line) }
            if index > 0 { result.append("&") }
            result.append(Self.percentEncoded(try charged(parts[0]), isQuery: true))
            result.append("=")
            result.append(Self.percentEncoded(try charged(parts[1]), isQuery: true))
        }
        return try string(result)
    }

    private static func percentEncoded(_ text: Text, isQuery: Bool) -> Text {
        var result = Text()
        for unit in text.units {
            let value = unit & Text.scalarMask
            switch value {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2E, 0x2D, 0x7E: result.append(unit: unit)
            case 0x2F where !isQuery: result.append(unit: unit)
            case 0x20 where isQuery: result.append("+", inPlaceOf: unit)
            default:
                for byte in UTF8.encode(Text.scalar(unit)) ?? UTF8.encodedReplacementCharacter {
                    let digits = String(byte, radix: 16, uppercase: true)
                    result.append("%" + (digits.count < 2 ? "0" : "") + digits, inPlaceOf: unit)
                }
            }
        }
        return result
    }

    private func linked(_ value: Value, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        func given(_ position: Int, _ name: String) -> Value? {
            arguments.value(position, name).flatMap { $0.isNone ? nil : $0 }
        }
        var links = Links()
        links.longest = try given(0, "trim_url_limit").map { (limit) throws(TokenizerError) in
            try whole(limit, "trim_url_limit", line)
        }
        var relations: Set<String> = ["noopener"]
        if given(1, "nofollow")?.isTrue ?? false { relations.insert("nofollow") }
        if let relation = given(3, "rel") {
            for word in try text(of: relation).splitOnSpace(limit: -1) { relations.insert(word.string) }
        }
        links.attributes.append(" rel=\"")
        links.attributes.append(Text(relations.sorted().joined(separator: " ")).escaped)
        links.attributes.append("\"")
        if let target = given(2, "target") {
            links.attributes.append(" target=\"")
            links.attributes.append(try text(of: target).escaped)
            links.attributes.append("\"")
        }
        for scheme in try given(4, "extra_schemes").map({ (value) throws(TokenizerError) in
            try items(of: value, line: line)
        }) ?? [] {
            let text = try text(of: scheme)
            let name = text.string
            guard name.hasSuffix(":") || name.hasSuffix(":/") || name.hasSuffix("://"), name.first?.isLetter ?? false
            else {
                throw failure("'\(name)' is not the beginning of an address", line)
            }
            links.schemes.append(text)
        }
        let text = try charged(value)
        try work.charge(text: text.count * 8)
        var result = links.linked(text)
        result.isMarkup = autoescape
        return try string(result)
    }
}
