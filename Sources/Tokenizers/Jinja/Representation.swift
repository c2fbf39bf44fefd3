/// The text of a value, as Python writes it.
extension Renderer {
    /// What `{{ value }}` writes: `str`.
    func text(of value: Value) throws(TokenizerError) -> Text {
        if case .string(let text) = value { return text }
        if case .undefined = value { return Text() }
        return try representation(of: value)
    }

    /// `repr`; `sortsKeys` is for `pprint`.
    func representation(of value: Value, sortsKeys: Bool = false) throws(TokenizerError) -> Text {
        try work.charge()
        switch value {
        case .undefined: return "Undefined"
        case .none: return "None"
        case .bool(let value): return value ? "True" : "False"
        case .int(let value): return Text(String(value))
        case .double(let value): return Text(pythonText(value))
        case .string(let text):
            try work.charge(text: text.count)
            return text.quoted
        case .list(let list):
            if case .range(let start, let end, let step) = list.kind {
                return Text("range(\(start), \(end)\(step == 1 ? "" : ", \(step)"))")
            }
            var parts: [Text] = []
            for item in list.items { parts.append(try representation(of: item, sortsKeys: sortsKeys)) }
            if list.isTuple { return try joined(parts, "(", parts.count == 1 ? ",)" : ")") }
            guard case .view(let name) = list.kind else { return try joined(parts, "[", "]") }
            return try joined(parts, "\(name)([", "])")
        case .dictionary(let dictionary):
            var parts: [Text] = []
            for (key, value) in try entries(dictionary, sorted: sortsKeys) {
                let name = try representation(of: key, sortsKeys: sortsKeys)
                parts.append(name + ": " + (try representation(of: value, sortsKeys: sortsKeys)))
            }
            return try joined(parts, "{", "}")
        case .generator, .namespace, .loop, .cycler, .function: return Text("<\(value.kind)>")
        }
    }

    /// The entries of a mapping; sorted where their keys can be.
    func entries(_ dictionary: ValueDictionary, sorted: Bool) throws(TokenizerError) -> [(Value, Value)] {
        let pairs = Array(zip(dictionary.fields.keys, dictionary.fields.values))
        guard sorted else { return pairs }
        let keys = pairs.map(\.0)
        return try order(of: keys, 0).map { pairs[$0] }
    }

    private func joined(_ parts: [Text], _ open: String, _ close: String) throws(TokenizerError) -> Text {
        try work.charge(text: parts.reduce(0) { $0 + $1.count + 2 })
        var result = Text(open)
        for (index, part) in parts.enumerated() {
            if index > 0 { result.append(", ") }
            result.append(part)
        }
        result.append(close)
        return result
    }
}
