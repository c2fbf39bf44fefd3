/// Calls: the global functions and the methods of strings, mappings and lists.
extension Renderer {
    static let stringMethods: Set<String> = [
        "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "startswith", "endswith", "replace", "upper",
        "lower",
        "title", "capitalize", "find", "rfind", "count", "join", "removeprefix", "removesuffix", "isspace", "isdigit",
        "isalpha",
    ]
    static let dictionaryMethods: Set<String> = [
        "items", "keys", "values", "get", "copy", "clear", "fromkeys", "pop", "popitem", "setdefault", "update",
    ]
    static let listMethods: Set<String> = [
        "index", "count", "copy", "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
    ]

    func global(_ name: String) -> Value? {
        switch name {
        case "range", "dict", "namespace", "raise_exception", "strftime_now": .function(.global(name))
        default: nil
        }
    }

    func call(_ function: Value, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        switch function {
        case .function(.macro(let macro)): return try call(macro, arguments, line: line)
        case .function(.global(let name)): return try call(global: name, arguments, line)
        case .function(.method(let receiver, let name)):
            return try call(method: name, of: receiver, arguments, line)
        case .undefined(let what): throw failure("\(what), so it cannot be called", line)
        default: throw failure("\(function.kind) cannot be called", line)
        }
    }

    private func call(global name: String, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        switch name {
        case "raise_exception":
            throw TokenizerError(
                .templateRefused,
                "chat template, line \(line): \(try text(of: arguments.value(0, "message") ?? .string("refused")))"
            )
        case "strftime_now":
            return try string(Calendar.text(of: now, format: try text(of: arguments.value(0, "format") ?? .string(""))))
        case "range":
            let bounds = arguments.positional.compactMap(int)
            guard bounds.count == arguments.positional.count, 1...3 ~= bounds.count else {
                throw failure("'range' needs one to three whole numbers", line)
            }
            let (start, end) = bounds.count == 1 ? (0, bounds[0]) : (bounds[0], bounds[1])
            let step = bounds.count == 3 ? bounds[2] : 1
            guard step != 0 else { throw failure("the step of 'range' cannot be 0", line) }
            guard -1 << 40...1 << 40 ~= start, -1 << 40...1 << 40 ~= end, -1 << 40...1 << 40 ~= step else {
                throw failure("the numbers of 'range' are too large", line)
            }
            let numbers = stride(from: start, to: end, by: step)
            guard (end - start) / step <= 100_000 else { throw failure("'range' gives more than 100000 numbers", line) }
            return try list(numbers.map { .int($0) })
        default:
            var fields = OrderedFields<Value>()
            if case .dictionary(let given)? = arguments.positional.first { fields = given.fields }
            for (key, value) in arguments.named { fields[key] = value }
            if name == "dict" { return try dictionary(fields) }
            if let key = fields.keys.first(where: { $0.hasPrefix("_") }) {
                throw failure("a namespace's field cannot start with '_': '\(key)'", line)
            }
            try work.charge(fields.count)
            return makeNamespace(fields)
        }
    }

    func call(method name: String, of receiver: Value, _ arguments: CallArguments, _ line: Int) throws(TokenizerError)
        -> Value
    {
        switch receiver {
        case .string(let text):
            try work.charge(text: text.utf8.count)
            return try call(stringMethod: name, of: text, arguments, line)
        case .dictionary(let dictionary):
            let fields = dictionary.fields
            try work.charge(fields.count)
            switch name {
            case "keys": return try list(fields.keys.map { .string($0) })
            case "values": return try list(fields.values)
            case "items":
                var pairs: [Value] = []
                for (key, value) in zip(fields.keys, fields.values) {
                    pairs.append(try list([.string(key), value], isTuple: true))
                }
                return try list(pairs)
            case "copy": return receiver
            case "get":
                guard case .string(let key)? = arguments.positional.first else {
                    return arguments.value(1, "default") ?? .none
                }
                return fields[key] ?? arguments.value(1, "default") ?? .none
            default: break
            }
        case .list(let items):
            switch (name, arguments.positional.first) {
            case ("copy", _): return receiver
            case ("count", let item?), ("index", let item?):
                var found: [Int] = []
                for (index, candidate) in items.items.enumerated() where try equals(candidate, item) {
                    found.append(index)
                }
                if name == "count" { return .int(found.count) }
                guard let first = found.first else { throw failure("the item is not in the list", line) }
                return .int(first)
            default: break
            }
        case .loop(let loop):
            guard !arguments.positional.isEmpty else { throw failure("'cycle' needs values", line) }
            return arguments.positional[loop.index % arguments.positional.count]
        default: break
        }
        throw failure("'\(name)' of \(receiver.kind) is not allowed in a template: values do not change", line)
    }

    private func call(stringMethod name: String, of text: String, _ arguments: CallArguments, _ line: Int)
        throws(TokenizerError)
        -> Value
    {
        func argument(_ position: Int, _ name: String) throws(TokenizerError) -> String? {
            switch arguments.value(position, name) {
            case nil, .some(.none): return nil
            case .string(let text)?: return text
            case let other?: throw failure("a string is needed, not \(other.kind)", line)
            }
        }
        func required(_ position: Int) throws(TokenizerError) -> String {
            guard let text = try argument(position, "") else { throw failure("'\(name)' needs a string", line) }
            return text
        }
        switch name {
        case "strip": return try string(PythonText.stripped(text, of: try argument(0, "")))
        case "lstrip": return try string(PythonText.stripped(text, right: false, of: try argument(0, "")))
        case "rstrip": return try string(PythonText.stripped(text, left: false, of: try argument(0, "")))
        case "upper": return try string(PythonText.upper(text))
        case "lower": return try string(PythonText.lower(text))
        case "title": return try string(PythonText.titled(text))
        case "capitalize": return try string(PythonText.capitalized(text))
        case "isspace": return .bool(!text.isEmpty && text.unicodeScalars.allSatisfy(PythonText.isSpace))
        case "isdigit":
            return .bool(
                !text.isEmpty
                    && text.unicodeScalars.allSatisfy {
                        $0.properties.numericType == .decimal || $0.properties.numericType == .digit
                    }
            )
        case "isalpha":
            return .bool(!text.isEmpty && text.unicodeScalars.allSatisfy { CharacterClass($0) == .letter })
        case "split", "rsplit":
            let limit = int(arguments.value(1, "maxsplit") ?? .int(-1)) ?? -1
            var parts: [String]
            if let separator = try argument(0, "sep") {
                guard !separator.isEmpty else { throw failure("the separator of '\(name)' is empty", line) }
                parts = PythonText.split(text, by: separator, limit: name == "split" ? limit : -1)
                if name == "rsplit", limit >= 0, parts.count > limit + 1 {
                    let head = parts.dropLast(limit).joined(separator: separator)
                    parts = [head] + parts.suffix(limit)
                }
            } else {
                guard name == "split" || limit < 0 else {
                    throw failure("'rsplit' needs a separator with a limit", line)
                }
                parts = PythonText.splitOnSpace(text, limit: limit)
            }
            return try list(parts.map { .string($0) })
        case "splitlines": return try list(PythonText.lines(text).map { .string($0) })
        case "startswith", "endswith":
            var candidates: [Value] = arguments.positional
            if case .list(let list)? = candidates.first { candidates = list.items }
            for candidate in candidates {
                guard case .string(let part) = candidate else { throw failure("'\(name)' needs a string", line) }
                if name == "startswith"
                    ? text.utf8.starts(with: part.utf8) : text.utf8.reversed().starts(with: part.utf8.reversed())
                {
                    return .bool(true)
                }
            }
            return .bool(false)
        case "removeprefix":
            let part = try required(0)
            return try string(
                text.utf8.starts(with: part.utf8)
                    ? String(decoding: text.utf8.dropFirst(part.utf8.count), as: UTF8.self) : text
            )
        case "removesuffix":
            let part = try required(0)
            let ends = text.utf8.reversed().starts(with: part.utf8.reversed())
            return try string(ends ? String(decoding: text.utf8.dropLast(part.utf8.count), as: UTF8.self) : text)
        case "replace":
            let (old, new) = (try required(0), try required(1))
            let limit = int(arguments.value(2, "count") ?? .int(-1)) ?? -1
            let count =
                old.isEmpty
                ? text.utf8.count + 1 : PythonText.occurrences(of: Array(old.utf8), in: Array(text.utf8)).count
            let (bytes, overflow) = count.multipliedReportingOverflow(by: new.utf8.count)
            try work.charge(text: overflow ? .max : bytes + text.utf8.count)
            return .string(PythonText.replaced(text, old, with: new, limit: limit))
        case "find", "rfind", "count":
            let part = try required(0)
            let found = PythonText.occurrences(of: Array(part.utf8), in: Array(text.utf8))
            if name == "count" { return .int(part.isEmpty ? text.unicodeScalars.count + 1 : found.count) }
            if part.isEmpty { return .int(name == "find" ? 0 : text.unicodeScalars.count) }
            guard let position = name == "find" ? found.first : found.last else { return .int(-1) }
            return .int(String(decoding: text.utf8.prefix(position), as: UTF8.self).unicodeScalars.count)
        case "join":
            return try string(try joined(try items(of: arguments.positional.first ?? .none, line: line), text))
        default: throw failure("strings have no method '\(name)'", line)
        }
    }
}
