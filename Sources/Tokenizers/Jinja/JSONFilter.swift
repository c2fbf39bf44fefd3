/// `tojson`, as `transformers` defines it: Python's `json.dumps`, by default with all characters as they are.
extension Renderer {
    func json(_ value: Value, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Text {
        var form = JSONForm()
        switch arguments.value(1, "indent") {
        case nil, .some(.none): break
        case .string(let text)?: form.indent = text
        case let width?:
            let width = try whole(width, "indent", line)
            guard width <= 64 else { throw failure("the indent \(width) is not in 0...64", line) }
            form.indent = Text(" ").repeated(width)
        }
        if form.indent != nil { form.itemSeparator = "," }
        if let separators = arguments.value(2, "separators"), !separators.isNone {
            let parts = try items(of: separators, line: line)
            guard parts.count == 2 else { throw failure("'separators' must be two texts", line) }
            (form.itemSeparator, form.keySeparator) = (try text(of: parts[0]), try text(of: parts[1]))
        }
        form.ensuresASCII = arguments.value(0, "ensure_ascii")?.isTrue ?? false
        form.sortsKeys = arguments.value(3, "sort_keys")?.isTrue ?? false
        var output = Text()
        try write(value, form, level: 0, line, into: &output)
        return output
    }

    private struct JSONForm {
        var indent: Text?
        var itemSeparator: Text = ", "
        var keySeparator: Text = ": "
        var ensuresASCII = false
        var sortsKeys = false
    }

    private func write(
        _ value: Value,
        _ form: JSONForm,
        level: Int,
        _ line: Int,
        into output: inout Text
    ) throws(TokenizerError) {
        try work.charge(16)
        switch value {
        case .none: output.append("null")
        case .bool(let value): output.append(value ? "true" : "false")
        case .int(let value): output.append(String(value))
        case .double(let value): output.append(jsonText(value))
        case .string(let text): try write(text, form, into: &output)
        case .list(let list) where !list.isView && !list.isRange:
            output.append("[")
            for (index, item) in list.items.enumerated() {
                if index > 0 { output.append(form.itemSeparator) }
                try newLine(form, level + 1, into: &output)
                try write(item, form, level: level + 1, line, into: &output)
            }
            if !list.items.isEmpty { try newLine(form, level, into: &output) }
            output.append("]")
        case .dictionary(let dictionary):
            output.append("{")
            for (index, (key, value)) in try entries(dictionary, sorted: form.sortsKeys).enumerated() {
                if index > 0 { output.append(form.itemSeparator) }
                try newLine(form, level + 1, into: &output)
                try write(try name(key, line), form, into: &output)
                output.append(form.keySeparator)
                try write(value, form, level: level + 1, line, into: &output)
            }
            if !dictionary.fields.isEmpty { try newLine(form, level, into: &output) }
            output.append("}")
        default: throw failure("\(value.kind) cannot be written as JSON", line)
        }
        guard output.count <= Work.longestText else {
            throw TokenizerError(.limitExceeded, "chat template: a text of more than \(Work.longestText) characters")
        }
    }

    private func jsonText(_ value: Double) -> String {
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : pythonText(value)
    }

    /// A key as the name of a member.
    private func name(_ key: Value, _ line: Int) throws(TokenizerError) -> Text {
        switch key {
        case .string(let text): return text
        case .none: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .int(let value): return Text(String(value))
        case .double(let value): return Text(jsonText(value))
        default: throw failure("\(key.kind) cannot be the name of a member in JSON", line)
        }
    }

    private func write(_ text: Text, _ form: JSONForm, into output: inout Text) throws(TokenizerError) {
        try work.charge(text: text.count)
        output.append("\"")
        for unit in text.units {
            if let escape = JSONWriter.escape(Text.scalar(unit), ensureASCII: form.ensuresASCII) {
                output.append(escape, inPlaceOf: unit)
            } else {
                output.append(unit: unit)
            }
        }
        output.append("\"")
    }

    private func newLine(_ form: JSONForm, _ level: Int, into output: inout Text) throws(TokenizerError) {
        guard let indent = form.indent else { return }
        try work.charge(text: indent.count * level)
        output.append("\n")
        output.append(indent.repeated(level))
    }
}
