/// The methods of strings.
extension Renderer {
    /// All of Python's except `encode`, since templates have no bytes.
    static let stringMethods: Set<String> = [
        "capitalize", "casefold", "center", "count", "endswith", "expandtabs", "find", "format", "format_map", "index",
        "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable",
        "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix",
        "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines",
        "startswith", "strip", "swapcase", "title", "translate", "upper", "zfill",
    ]

    func call(stringMethod name: String, of text: Text, _ arguments: CallArguments, _ line: Int)
        throws(TokenizerError)
        -> Value
    {
        func argument(_ position: Int, _ name: String = "") throws(TokenizerError) -> Text? {
            switch arguments.value(position, name) {
            case nil, .some(.none): return nil
            case .string(let text)?:
                try work.charge(text: text.count)
                return text
            case let other?: throw failure("a string is needed, not \(other.kind)", line)
            }
        }
        func required(_ position: Int) throws(TokenizerError) -> Text {
            guard let text = try argument(position) else { throw failure("'\(name)' needs a string", line) }
            return text
        }
        func number(_ position: Int, _ name: String = "", default standard: Int) throws(TokenizerError) -> Int {
            try arguments.value(position, name).map { (value) throws(TokenizerError) in try whole(value, name, line) }
                ?? standard
        }
        if let answer = text.property(name) { return .bool(answer) }
        switch name {
        case "strip": return try string(text.stripped(of: try argument(0)))
        case "lstrip": return try string(text.stripped(right: false, of: try argument(0)))
        case "rstrip": return try string(text.stripped(left: false, of: try argument(0)))
        case "upper": return try string(text.upper)
        case "lower": return try string(text.lower)
        case "title": return try string(text.titled)
        case "capitalize": return try string(text.capitalized)
        case "casefold": return try string(text.folded)
        case "swapcase": return try string(text.swapped)
        case "center", "ljust", "rjust":
            let width = try whole(arguments.positional.first ?? .none, "width", line)
            let fill = text.isMarkup ? try argument(1)?.escaped : try argument(1)
            guard fill?.count ?? 1 == 1 else { throw failure("'\(name)' fills with one character", line) }
            try work.charge(text: max(0, width))
            let unit = fill?.units.first ?? 0x20
            return .string(text.padded(to: width, with: unit, left: name != "ljust", right: name != "rjust"))
        case "zfill":
            let width = try whole(arguments.positional.first ?? .none, "width", line)
            try work.charge(text: max(0, width))
            return .string(text.zeroFilled(to: width))
        case "expandtabs":
            let size = try number(0, "tabsize", default: 8)
            let (grown, overflow) = text.count.multipliedReportingOverflow(by: max(1, size))
            try work.charge(text: overflow ? .max : grown)
            return .string(text.tabsExpanded(to: size))
        case "split", "rsplit":
            let limit = try number(1, "maxsplit", default: -1)
            let isFromRight = name == "rsplit"
            guard let separator = try argument(0, "sep") else {
                return try texts(text.splitOnSpace(limit: limit, fromRight: isFromRight))
            }
            guard !separator.isEmpty else { throw failure("the separator of '\(name)' is empty", line) }
            return try texts(text.split(by: separator, limit: limit, fromRight: isFromRight))
        case "splitlines":
            return try texts(text.lines(keepingEnds: arguments.value(0, "keepends")?.isTrue ?? false))
        case "partition", "rpartition":
            let separator = try required(0)
            guard !separator.isEmpty else { throw failure("the separator of '\(name)' is empty", line) }
            let parts = text.split(by: separator, limit: 1, fromRight: name == "rpartition")
            var middle = separator
            middle.isMarkup = text.isMarkup
            let empty = text[0..<0]
            let whole = name == "partition" ? [text, empty, empty] : [empty, empty, text]
            return try texts(parts.count == 2 ? [parts[0], middle, parts[1]] : whole, kind: .tuple)
        case "startswith", "endswith": return .bool(try hasAffix(name, text, arguments, line))
        case "removeprefix":
            let part = try required(0)
            return try string(text.hasPrefix(part) ? text[part.count..<text.count] : text)
        case "removesuffix":
            let part = try required(0)
            return try string(!part.isEmpty && text.hasSuffix(part) ? text[0..<text.count - part.count] : text)
        case "replace":
            let (old, new) = (try required(0), try required(1))
            let limit = try number(2, "count", default: -1)
            return .string(try replaced(text, old, text.isMarkup ? new.escaped : new, limit: limit))
        case "find", "rfind", "index", "rindex", "count":
            return .int(try place(name, text, try required(0), arguments, line))
        case "join":
            var result = Text(units: [], isMarkup: text.isMarkup)
            for (index, item) in try items(of: arguments.positional.first ?? .none, line: line).enumerated() {
                guard case .string(let part) = item else {
                    throw failure("'join' needs strings, not \(item.kind)", line)
                }
                try work.charge(text: part.count + text.count)
                if index > 0 { result.append(text) }
                result.append(text.isMarkup ? part.escaped : part)
                guard result.count <= Work.longestText else { return try string(result) }
            }
            return try string(result)
        case "format": return try string(try formatted(text, arguments, line))
        case "format_map":
            guard case .dictionary(let names)? = arguments.positional.first else {
                throw failure("'format_map' needs a mapping", line)
            }
            var values = CallArguments()
            for (key, value) in zip(names.fields.keys, names.fields.values) {
                values.named.append((try self.text(of: key).string, value))
            }
            return try string(try formatted(text, values, line))
        case "translate": return try string(try translated(text, arguments.positional.first ?? .none, line))
        default: throw failure("strings have no method '\(name)'", line)
        }
    }

    private func texts(_ parts: [Text], kind: ValueList.Kind = .list) throws(TokenizerError) -> Value {
        // A part takes longer to make than to look at.
        try work.charge(parts.count * 2)
        return try list(parts.map { .string($0) }, kind: kind)
    }

    /// The part of a text that the arguments "start" and "end" leave.
    private func bounds(_ text: Text, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Range<Int>? {
        func bound(_ position: Int, _ standard: Int) throws(TokenizerError) -> Int {
            guard position < arguments.positional.count, !arguments.positional[position].isNone else { return standard }
            let given = try whole(arguments.positional[position], "start", line)
            return given < 0 ? max(0, given + text.count) : given
        }
        let (start, end) = (try bound(1, 0), min(try bound(2, text.count), text.count))
        return start <= end ? start..<end : nil
    }

    private func hasAffix(
        _ name: String,
        _ text: Text,
        _ arguments: CallArguments,
        _ line: Int
    ) throws(TokenizerError) -> Bool {
        guard let range = try bounds(text, arguments, line) else { return false }
        var candidates = Array(arguments.positional.prefix(1))
        if case .list(let list)? = candidates.first, list.isTuple { candidates = list.items }
        guard !arguments.positional.isEmpty else { throw failure("'\(name)' needs a string", line) }
        let part = text[range]
        for candidate in candidates {
            guard case .string(let affix) = candidate else {
                throw failure("'\(name)' needs a string, not \(candidate.kind)", line)
            }
            try work.charge(text: affix.count)
            if name == "startswith" ? part.hasPrefix(affix) : part.hasSuffix(affix) { return true }
        }
        return false
    }

    private func place(
        _ name: String,
        _ text: Text,
        _ part: Text,
        _ arguments: CallArguments,
        _ line: Int
    ) throws(TokenizerError) -> Int {
        let range = try bounds(text, arguments, line)
        let searched = range.map { text[$0] } ?? Text()
        let isFromRight = name.hasPrefix("r")
        var found: Int?
        if let range {
            if part.isEmpty {
                if name == "count" { return range.count + 1 }
                found = isFromRight ? range.count : 0
            } else if name == "count" {
                return searched.occurrences(of: part).count
            } else if isFromRight {
                found = searched.occurrencesFromRight(of: part, limit: 1).first
            } else {
                found = searched.occurrences(of: part, limit: 1).first
            }
        } else if name == "count" {
            return 0
        }
        if let found { return found + (range?.lowerBound ?? 0) }
        guard !name.hasSuffix("index") else { throw failure("the text is not found", line) }
        return -1
    }

    private func translated(_ text: Text, _ table: Value, _ line: Int) throws(TokenizerError) -> Text {
        guard case .dictionary(let table) = table else { throw failure("'translate' needs a mapping", line) }
        var result = Text(units: [], isMarkup: text.isMarkup)
        for unit in text.units {
            switch table.fields[.int(Int(unit & Text.scalarMask))] {
            case nil: result.append(unit: unit)
            case .some(.none): break
            case .string(let new)?: result.append(new)
            case let code?:
                guard let scalar = int(code).flatMap(UInt32.init(exactly:)).flatMap(Unicode.Scalar.init) else {
                    throw failure("'translate' needs characters or their numbers", line)
                }
                result.append(unit: scalar.value)
            }
            try work.charge()
        }
        return result
    }
}
