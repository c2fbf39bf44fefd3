/// Filters that make text of text.
extension Renderer {
    /// Nil for a filter of another kind.
    func textFilter(
        _ name: String,
        _ value: Value,
        _ arguments: CallArguments,
        _ line: Int
    ) throws(TokenizerError) -> Value? {
        switch name {
        case "trim":
            let characters = arguments.value(0, "chars").flatMap { $0.isNone ? nil : $0 }
            let set = try characters.map { (set) throws(TokenizerError) in try text(of: set) }
            return try string(try charged(value).stripped(of: set))
        case "upper": return try string(try charged(value).upper)
        case "lower": return try string(try charged(value).lower)
        case "capitalize": return try string(try charged(value).capitalized)
        case "title": return try string(titled(try charged(value)))
        case "string": return .string(try charged(value))
        case "center":
            let width = try whole(arguments.value(0, "width") ?? .int(80), "width", line)
            let text = try charged(value)
            try work.charge(text: max(0, width))
            return .string(text.padded(to: width, left: true, right: true))
        case "replace":
            guard let old = arguments.value(0, "old"), let new = arguments.value(1, "new") else {
                throw failure("'replace' needs what to replace, and by what", line)
            }
            let limit = arguments.value(2, "count").flatMap { $0.isNone ? nil : $0 }
            return .string(
                try replaced(
                    try charged(value).plain,
                    try text(of: old).plain,
                    try text(of: new).plain,
                    limit: try limit.map { (limit) throws(TokenizerError) in try whole(limit, "count", line) } ?? -1
                )
            )
        case "format":
            guard arguments.positional.isEmpty || arguments.named.isEmpty else {
                throw failure("'format' takes values by position or by name, not both", line)
            }
            var values = Value.list(ValueList(arguments.positional, kind: .tuple))
            if !arguments.named.isEmpty {
                var fields = ValueFields()
                for (name, value) in arguments.named { fields.set(Text(name), to: value) }
                values = try dictionary(fields)
            }
            return try string(try formatted(try charged(value), values, line))
        case "indent": return try indented(value, arguments, line)
        case "truncate": return try truncated(value, arguments, line)
        case "wordcount": return .int(wordCount(try charged(value)))
        case "wordwrap": return try wrapped(value, arguments, line)
        case "filesizeformat": return try fileSize(value, arguments, line)
        case "pprint":
            var printer = PrettyPrinter(self)
            return try string(try printer.text(value))
        default: return nil
        }
    }

    /// The text of a value that is about to be read as a whole.
    func charged(_ value: Value) throws(TokenizerError) -> Text {
        let text = try text(of: value)
        try work.charge(text: text.count)
        return text
    }

    /// An argument that must be a whole number.
    func whole(_ value: Value, _ name: String, _ line: Int) throws(TokenizerError) -> Int {
        guard let whole = int(value) else { throw failure("'\(name)' must be a whole number, not \(value.kind)", line) }
        return whole
    }

    func replaced(_ text: Text, _ old: Text, _ new: Text, limit: Int) throws(TokenizerError) -> Text {
        try work.charge(text: text.count + old.count)
        try work.charge(text: text.countReplacing(old, with: new, limit: limit))
        return text.replaced(old, with: new, limit: limit)
    }

    /// Capitals at the start and after blanks, dashes and opening brackets alone, unlike `str.title`.
    private func titled(_ text: Text) -> Text {
        var result = Text(units: [], isMarkup: text.isMarkup)
        var start = 0
        var index = 0
        func isBorder(_ unit: UInt32) -> Bool {
            let scalar = Text.scalar(unit)
            return Text.isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar)
        }
        while index < text.count {
            if isBorder(text.units[index]) {
                result.append(unit: text.units[index])
                index += 1
                continue
            }
            start = index
            while index < text.count, !isBorder(text.units[index]) { index += 1 }
            result.append(text[start..<start + 1].upper)
            result.append(text[start + 1..<index].lower)
        }
        return result
    }

    private func wordCount(_ text: Text) -> Int {
        var words = 0
        var inWord = false
        for unit in text.units {
            let isWord = Text.isWord(unit: unit)
            if isWord, !inWord { words += 1 }
            inWord = isWord
        }
        return words
    }

    private func indented(_ value: Value, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        let margin: Text
        switch arguments.value(0, "width") {
        case nil: margin = "    "
        case .string(let text)?: margin = text
        case let width?:
            let width = try whole(width, "width", line)
            try work.charge(text: max(0, width))
            margin = Text(" ").repeated(width)
        }
        guard case .string(let text) = value else { throw failure("'indent' needs a text, not \(value.kind)", line) }
        try work.charge(text: text.count)
        let indentsBlank = arguments.value(2, "blank")?.isTrue ?? false
        // As the original: a line end is added, so that a text that ends with one has an empty last line.
        var lines = (text + "\n").lines()
        if text.isMarkup { lines = lines.map(\.escaped) }
        let (added, overflow) = lines.count.multipliedReportingOverflow(by: margin.count + 1)
        try work.charge(text: overflow ? .max : text.count + added)
        var result = arguments.value(1, "first")?.isTrue ?? false ? margin : Text()
        for (index, line) in lines.enumerated() {
            if index > 0 {
                result.append("\n")
                if !line.isEmpty || indentsBlank { result.append(margin) }
            }
            result.append(line)
        }
        result.isMarkup = text.isMarkup
        return .string(result)
    }

    private func truncated(_ value: Value, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        let length = try whole(arguments.value(0, "length") ?? .int(255), "length", line)
        let end = try text(of: arguments.value(2, "end") ?? .text("..."))
        let given = arguments.value(3, "leeway").flatMap { $0.isNone ? nil : $0 } ?? .int(5)
        let leeway = try whole(given, "leeway", line)
        guard length >= end.count else { throw failure("'truncate' needs a length of \(end.count) or more", line) }
        guard leeway >= 0 else { throw failure("the leeway of 'truncate' must not be negative", line) }
        let text = try charged(value)
        if text.count - length <= leeway { return .string(text) }
        var kept = text[0..<length - end.count]
        if !(arguments.value(1, "killwords")?.isTrue ?? false) {
            kept = kept.split(by: " ", limit: 1, fromRight: true)[0]
        }
        return .string(kept + end)
    }

    private func wrapped(_ value: Value, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        let width = try whole(arguments.value(0, "width") ?? .int(79), "width", line)
        guard width > 0 else { throw failure("the width of 'wordwrap' must be positive", line) }
        let separator = arguments.value(2, "wrapstring").flatMap { $0.isNone ? nil : $0 } ?? .text("\n")
        let wrapping = TextWrapping(
            width: width,
            breaksLongWords: arguments.value(1, "break_long_words")?.isTrue ?? true,
            breaksOnHyphens: arguments.value(3, "break_on_hyphens")?.isTrue ?? true
        )
        let text = try charged(value)
        let wrapped = text.lines().map(wrapping.lines)
        try work.charge(text: text.count * 4)
        let joiner = try self.text(of: separator)
        var result = Text()
        for (index, lines) in wrapped.enumerated() {
            for (number, line) in lines.enumerated() {
                if number > 0 { result.append(joiner) }
                result.append(line)
            }
            if index + 1 < wrapped.count { result.append(joiner) }
            try work.charge(text: result.count)
        }
        return .string(result)
    }

    private func fileSize(_ value: Value, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        var found = number(value)
        if case .string(let text) = value { found = PythonNumber.double(text.string) }
        guard let bytes = found, bytes.isFinite else { throw failure("'filesizeformat' needs a number", line) }
        let isBinary = arguments.value(0, "binary")?.isTrue ?? false
        let base = isBinary ? 1024.0 : 1000.0
        if bytes == 1 { return .text("1 Byte") }
        if bytes < base { return .text("\(try whole(bytes, line)) Bytes") }
        let prefixes =
            isBinary ? ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"] : ["k", "M", "G", "T", "P", "E", "Z", "Y"]
        var unit = base
        var index = 0
        repeat {
            unit *= base
            index += 1
        } while bytes >= unit && index < prefixes.count
        return .text(PythonNumber.text(base * bytes / unit, "f", precision: 1) + " \(prefixes[index - 1])B")
    }
}
