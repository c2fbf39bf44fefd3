/// `value | name(arguments)`.
extension Renderer {
    func apply(_ name: String, to value: Value, _ arguments: CallArguments, line: Int) throws(TokenizerError) -> Value {
        switch name {
        case "tojson": return try json(value, arguments, line)
        case "length", "count": return .int(try length(value, line))
        case "string": return .string(try text(of: value))
        case "safe": return value
        case "trim":
            let characters = try arguments.value(0, "chars").map { (set) throws(TokenizerError) in try text(of: set) }
            return try string(PythonText.stripped(try text(of: value), of: characters))
        case "upper": return try string(PythonText.upper(try text(of: value)))
        case "lower": return try string(PythonText.lower(try text(of: value)))
        case "capitalize": return try string(PythonText.capitalized(try text(of: value)))
        case "title": return try string(PythonText.titled(try text(of: value)))
        case "replace", "split":
            return try call(method: name, of: .string(try text(of: value)), arguments, line)
        case "indent": return try indented(try text(of: value), arguments, line)
        case "default", "d":
            let replacesFalse = arguments.value(1, "boolean")?.isTrue ?? false
            guard value.isUndefined || (replacesFalse && !value.isTrue) else { return value }
            return arguments.value(0, "default_value") ?? .string("")
        case "int", "float": return try converted(value, name, arguments, line)
        case "abs":
            if let whole = int(value) {
                return whole < 0 ? try arithmetic("-", .int(0), .int(whole), line) : .int(whole)
            }
            guard let value = number(value) else { throw failure("'abs' needs a number", line) }
            return .double(value.magnitude)
        case "list": return try list(try items(of: value, line: line))
        case "first": return try items(of: value, line: line).first ?? .undefined(what: "there is no first item")
        case "last": return try items(of: value, line: line).last ?? .undefined(what: "there is no last item")
        case "reverse":
            let reversed = try items(of: value, line: line).reversed()
            if case .string = value { return try string(try self.joined(Array(reversed), "")) }
            return try list(Array(reversed))
        case "join":
            let separator = try text(of: arguments.value(0, "d") ?? .string(""))
            var items = try items(of: value, line: line)
            if let attribute = arguments.value(1, "attribute") { items = try pick(attribute, from: items, line) }
            return try string(try joined(items, separator))
        case "items":
            if value.isUndefined { return try list([]) }
            return try call(method: "items", of: value, CallArguments(), line)
        case "dictsort":
            let pairs = try items(of: try call(method: "items", of: value, CallArguments(), line), line: line)
            return try list(try sorted(pairs, by: .int(0), arguments.value(1, "case_sensitive")?.isTrue ?? false, line))
        case "sort":
            var result = try sorted(
                try items(of: value, line: line),
                by: arguments.value(2, "attribute"),
                arguments.value(1, "case_sensitive")?.isTrue ?? false,
                line
            )
            if arguments.value(0, "reverse")?.isTrue ?? false { result.reverse() }
            return try list(result)
        case "unique":
            var kept: [Value] = []
            for item in try items(of: value, line: line) where !(try contains(.list(ValueList(kept)), item, line)) {
                kept.append(item)
            }
            return try list(kept)
        case "map": return try mapped(try items(of: value, line: line), arguments, line)
        case "select", "reject", "selectattr", "rejectattr":
            return try selected(try items(of: value, line: line), name, arguments, line)
        default: throw failure("the filter '\(name)' is not known", line)
        }
    }

    private func length(_ value: Value, _ line: Int) throws(TokenizerError) -> Int {
        switch value {
        case .undefined: return 0
        case .string(let text):
            try work.charge(text.utf8.count / 16)
            return text.unicodeScalars.count
        case .list(let list): return list.items.count
        case .dictionary(let dictionary): return dictionary.fields.count
        default: throw failure("\(value.kind) has no length", line)
        }
    }

    func joined(_ items: [Value], _ separator: String) throws(TokenizerError) -> String {
        var result = ""
        for (index, item) in items.enumerated() {
            let text = try text(of: item)
            try work.charge(text: result.utf8.count + text.utf8.count + separator.utf8.count, adding: text.utf8.count)
            result += index > 0 ? separator + text : text
        }
        return result
    }

    private func json(_ value: Value, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        var writer = JSONWriter()
        if let indent = arguments.value(1, "indent"), case .int(let width) = indent {
            guard 0...64 ~= width else { throw failure("the indent \(width) is not in 0...64", line) }
            writer = JSONWriter(indent: width)
        }
        if case .list(let separators) = arguments.value(2, "separators"), separators.items.count == 2 {
            writer.itemSeparator = try text(of: separators.items[0])
            writer.keySeparator = try text(of: separators.items[1])
        }
        writer.ensureASCII = arguments.value(0, "ensure_ascii")?.isTrue ?? false
        writer.sortKeys = arguments.value(3, "sort_keys")?.isTrue ?? false
        writer.write(try plain(value, line))
        return try string(writer.text)
    }

    /// A value as JSON; counts what it copies, since a small value may hold one part many times.
    private func plain(_ value: Value, _ line: Int) throws(TokenizerError) -> JSONValue {
        try work.charge(16)
        switch value {
        case .none: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .double(let value): return .double(value)
        case .string(let text):
            try work.charge(text: text.utf8.count)
            return .string(text)
        case .list(let list):
            var values: [JSONValue] = []
            for item in list.items { values.append(try plain(item, line)) }
            return .array(values)
        case .dictionary(let dictionary):
            var object = JSONObject()
            for (key, value) in zip(dictionary.fields.keys, dictionary.fields.values) {
                try work.charge(text: key.utf8.count)
                object[key] = try plain(value, line)
            }
            return .object(object)
        default: throw failure("\(value.kind) cannot be written as JSON", line)
        }
    }

    private func indented(_ text: String, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        let margin: String
        switch arguments.value(0, "width") {
        case nil: margin = "    "
        case .string(let text)?: margin = text
        case let width?:
            guard let width = int(width), 0...256 ~= width else { throw failure("'indent' needs a width", line) }
            margin = String(repeating: " ", count: width)
        }
        let indentsBlank = arguments.value(2, "blank")?.isTrue ?? false
        let lines = PythonText.split(text, by: "\n", limit: -1)
        try work.charge(text: text.utf8.count + lines.count * margin.utf8.count)
        var result = arguments.value(1, "first")?.isTrue ?? false ? margin : ""
        for (index, line) in lines.enumerated() {
            if index > 0 { result += line.isEmpty && !indentsBlank ? "\n" : "\n" + margin }
            result += line
        }
        return .string(result)
    }

    private func converted(_ value: Value, _ name: String, _ arguments: CallArguments, _ line: Int)
        throws(TokenizerError)
        -> Value
    {
        let standard = arguments.value(0, "default") ?? (name == "int" ? .int(0) : .double(0))
        var found = number(value)
        if case .string(let text) = value { found = Double(PythonText.stripped(text)) }
        guard let found else { return standard }
        if name == "float" { return .double(found) }
        if let whole = int(value) { return .int(whole) }
        return Int(exactly: found.rounded(.towardZero)).map { .int($0) } ?? standard
    }

    /// `map(attribute="name", default=...)` or `map("filter", arguments...)`.
    private func mapped(_ items: [Value], _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        if let attribute = arguments.value(.max, "attribute") {
            let standard = arguments.value(.max, "default")
            let picked = try pick(attribute, from: items, line)
            return try list(picked.map { $0.isUndefined ? standard ?? $0 : $0 })
        }
        guard case .string(let filter)? = arguments.positional.first else {
            throw failure("'map' needs an attribute or the name of a filter", line)
        }
        var rest = arguments
        rest.positional.removeFirst()
        var result: [Value] = []
        for item in items { result.append(try apply(filter, to: item, rest, line: line)) }
        return try list(result)
    }

    /// One attribute of each item; "a.b" goes two steps and a number is an index.
    private func pick(_ attribute: Value, from items: [Value], _ line: Int) throws(TokenizerError) -> [Value] {
        var steps: [Value] = [attribute]
        if case .string(let path) = attribute {
            steps = PythonText.split(path, by: ".", limit: -1).map { step in Int(step).map { .int($0) } ?? .string(step)
            }
        }
        var result: [Value] = []
        for item in items {
            var value = item
            for step in steps { value = try self.item(step, of: value, line) }
            result.append(value)
        }
        return result
    }

    private func selected(_ items: [Value], _ name: String, _ arguments: CallArguments, _ line: Int)
        throws(TokenizerError)
        -> Value
    {
        var rest = arguments
        var candidates = items
        if name.hasSuffix("attr") {
            guard let attribute = rest.positional.first else { throw failure("'\(name)' needs an attribute", line) }
            candidates = try pick(attribute, from: items, line)
            rest.positional.removeFirst()
        }
        var testName: String?
        if case .string(let found)? = rest.positional.first {
            testName = found
            rest.positional.removeFirst()
        }
        let isSelecting = name.hasPrefix("select")
        var result: [Value] = []
        for (item, candidate) in zip(items, candidates) {
            let passes = try testName.map { (test) throws(TokenizerError) in
                try self.test(test, candidate, rest, line: line)
            }
            if (passes ?? candidate.isTrue) == isSelecting { result.append(item) }
        }
        return try list(result)
    }

    private func sorted(_ items: [Value], by attribute: Value?, _ caseSensitive: Bool, _ line: Int)
        throws(TokenizerError)
        -> [Value]
    {
        var keys = items
        if let attribute { keys = try pick(attribute, from: items, line) }
        if !caseSensitive {
            keys = keys.map { key in if case .string(let text) = key { .string(PythonText.lower(text)) } else { key } }
        }
        // A merge sort of our own, because the comparison may throw a typed error.
        func sort(_ range: Range<Int>) throws(TokenizerError) -> [Int] {
            guard range.count > 1 else { return Array(range) }
            let middle = range.lowerBound + range.count / 2
            let left = try sort(range.lowerBound..<middle)
            let right = try sort(middle..<range.upperBound)
            var merged: [Int] = []
            var (first, second) = (0, 0)
            while first < left.count && second < right.count {
                if try precedes(keys[right[second]], keys[left[first]], line) {
                    merged.append(right[second])
                    second += 1
                } else {
                    merged.append(left[first])
                    first += 1
                }
            }
            return merged + left[first...] + right[second...]
        }
        return try sort(0..<items.count).map { items[$0] }
    }
}
