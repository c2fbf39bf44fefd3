/// Calls: the global functions, and what else can be called.
extension Renderer {
    private static let globals: Set<String> = [
        "range", "dict", "namespace", "cycler", "joiner", "lipsum", "raise_exception", "strftime_now", "self",
    ]

    func global(_ name: String) -> Value? {
        Self.globals.contains(name) ? .function(.global(name)) : nil
    }

    func call(_ function: Value, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        switch function {
        case .function(.macro(let macro, let scope)): return try call(macro, in: scope, arguments, line: line)
        case .function(.global(let name)): return try call(global: name, arguments, line)
        case .function(.method(let receiver, let name)):
            return try call(method: name, of: receiver, arguments, line)
        case .function(.block(let name)): return try string(try block(name))
        case .function(.joiner(let cycler)):
            cycler.position += 1
            return cycler.position == 1 ? .text("") : cycler.items.items[0]
        case .loop(let loop): return try recur(loop, arguments, line)
        case .undefined(let what): throw failure("\(what), so it cannot be called", line)
        default: throw failure("\(function.kind) cannot be called", line)
        }
    }

    private func call(global name: String, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        switch name {
        case "raise_exception":
            throw TokenizerError(
                .templateRefused,
                "chat template, line \(line): \(try text(of: arguments.value(0, "message") ?? .text("refused")).string)"
            )
        case "strftime_now":
            let format = try text(of: arguments.value(0, "format") ?? .text("")).string
            return try string(Text(Calendar.text(of: now, format: format)))
        case "range": return try range(arguments, line)
        case "dict": return try dictionary(try fields(arguments, line))
        case "cycler":
            guard !arguments.positional.isEmpty else { throw failure("'cycler' needs at least one value", line) }
            return .cycler(Cycler(try checked(ValueList(arguments.positional))))
        case "joiner":
            let separator = arguments.value(0, "sep") ?? .text(", ")
            return .function(.joiner(Cycler(try checked(ValueList([separator])))))
        case "lipsum": return try lipsum(arguments, line)
        case "namespace":
            var fields = OrderedFields<Value>()
            let given = try self.fields(arguments, line)
            for (key, value) in zip(given.keys, given.values) {
                let name = try text(of: key).string
                guard !name.hasPrefix("_") else {
                    throw failure("a namespace's field cannot start with '_': '\(name)'", line)
                }
                fields[name] = value
            }
            return makeNamespace(fields)
        default: throw failure("'\(name)' cannot be called", line)
        }
    }

    /// What `dict` is made of: a mapping or pairs, and names.
    private func fields(_ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> ValueFields {
        var fields = ValueFields()
        switch arguments.positional.first {
        case nil: break
        case .dictionary(let given)?: fields = given.fields
        case let pairs?:
            for pair in try items(of: pairs, line: line) {
                let parts = try items(of: pair, line: line)
                guard parts.count == 2 else { throw failure("a mapping is made of pairs", line) }
                try set(parts[0], in: &fields, to: parts[1], line)
            }
        }
        for (name, value) in arguments.named { fields.set(Text(name), to: value) }
        try work.charge(fields.count)
        return fields
    }

    private func range(_ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        let bounds = arguments.positional.compactMap(int)
        guard bounds.count == arguments.positional.count, arguments.named.isEmpty, 1...3 ~= bounds.count else {
            throw failure("'range' needs one to three whole numbers", line)
        }
        let (start, end) = bounds.count == 1 ? (0, bounds[0]) : (bounds[0], bounds[1])
        let step = bounds.count == 3 ? bounds[2] : 1
        guard step != 0 else { throw failure("the step of 'range' cannot be 0", line) }
        guard -1 << 40...1 << 40 ~= start, -1 << 40...1 << 40 ~= end, -1 << 40...1 << 40 ~= step else {
            throw failure("the numbers of 'range' are too large", line)
        }
        guard (end - start) / step <= 100_000 else { throw failure("'range' gives more than 100000 numbers", line) }
        let numbers = stride(from: start, to: end, by: step).map { Value.int($0) }
        return try list(numbers, kind: .range(start: start, end: end, step: step))
    }

    private static let words = [
        "lorem", "ipsum", "dolor", "sit", "amet", "consectetur", "adipiscing", "elit", "sed", "tempor", "incididunt",
        "labore", "magna", "aliqua", "enim", "minim", "veniam", "nostrud", "ullamco", "laboris", "nisi", "aliquip",
    ]

    /// Text without a meaning, in paragraphs.
    private func lipsum(_ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        let count = try whole(arguments.value(0, "n") ?? .int(5), "n", line)
        let (least, most) = (
            try whole(arguments.value(2, "min") ?? .int(20), "min", line),
            try whole(arguments.value(3, "max") ?? .int(100), "max", line)
        )
        guard 0...1000 ~= count, 0..<most ~= least, most <= 10_000 else {
            throw failure("'lipsum' needs at most 1000 paragraphs, and fewer words at least than at most", line)
        }
        let isMarkup = arguments.value(1, "html")?.isTrue ?? true
        var result = Text()
        for paragraph in 0..<count {
            let words = (0..<Int.random(in: least..<most)).map { _ in Self.words.randomElement() ?? "" }
            let sentence = words.joined(separator: " ")
            let text = sentence.prefix(1).uppercased() + sentence.dropFirst() + "."
            try work.charge(text: text.utf8.count)
            if paragraph > 0 { result.append(isMarkup ? "\n" : "\n\n") }
            result.append(isMarkup ? "<p>\(text)</p>" : text)
        }
        result.isMarkup = isMarkup
        return try string(result)
    }

    // MARK: Methods

    private static let dictionaryMethods: Set<String> = ["items", "keys", "values", "get", "copy", "fromkeys"]
    private static let listMethods: Set<String> = ["index", "count", "copy"]
    private static let changingDictionaryMethods: Set<String> = ["clear", "pop", "popitem", "setdefault", "update"]
    private static let changingListMethods: Set<String> = [
        "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
    ]

    static func methods(of value: Value) -> Set<String> {
        switch value {
        case .string: stringMethods
        case .dictionary: dictionaryMethods
        case .list(let list): list.kind == .list ? listMethods : list.isView ? [] : ["index", "count"]
        case .double: ["is_integer", "conjugate"]
        case .int, .bool: ["bit_length", "bit_count", "conjugate"]
        default: []
        }
    }

    /// Methods that would change a value, which templates may not.
    static func changingMethods(of value: Value) -> Set<String> {
        switch value {
        case .dictionary: changingDictionaryMethods
        case .list(let list): list.kind == .list ? changingListMethods : []
        default: []
        }
    }

    func call(method name: String, of receiver: Value, _ arguments: CallArguments, _ line: Int) throws(TokenizerError)
        -> Value
    {
        switch receiver {
        case .string(let text):
            try work.charge(text: text.count)
            return try call(stringMethod: name, of: text, arguments, line)
        case .dictionary(let dictionary): return try call(dictionaryMethod: name, of: dictionary, arguments, line)
        case .list(let list):
            if name == "copy" { return receiver }
            guard let item = arguments.positional.first else { throw failure("'\(name)' needs a value", line) }
            var found: [Int] = []
            for (index, candidate) in list.items.enumerated() where try equals(candidate, item) { found.append(index) }
            if name == "count" { return .int(found.count) }
            guard let first = found.first(where: { $0 >= int(arguments.value(1, "start") ?? .int(0)) ?? 0 }) else {
                throw failure("the item is not in the list", line)
            }
            return .int(first)
        case .loop(let loop) where name == "cycle":
            guard !arguments.positional.isEmpty else { throw failure("'cycle' needs values", line) }
            return arguments.positional[loop.index % arguments.positional.count]
        case .loop(let loop):
            defer { loop.lastChecked = arguments.positional }
            guard let last = loop.lastChecked else { return .bool(true) }
            return .bool(!(try equals(.list(ValueList(last)), .list(ValueList(arguments.positional)))))
        case .cycler(let cycler):
            let current = cycler.current
            cycler.position = name == "reset" ? 0 : (cycler.position + 1) % max(1, cycler.items.items.count)
            return name == "reset" ? .none : current
        case .double(let number): return name == "is_integer" ? .bool(number.rounded() == number) : receiver
        default: break
        }
        if let whole = int(receiver) {
            switch name {
            case "bit_length": return .int(Int.bitWidth - whole.magnitude.leadingZeroBitCount)
            case "bit_count": return .int(whole.magnitude.nonzeroBitCount)
            default: return .int(whole)
            }
        }
        throw failure("\(receiver.kind) has no method '\(name)'", line)
    }

    private func call(
        dictionaryMethod name: String,
        of dictionary: ValueDictionary,
        _ arguments: CallArguments,
        _ line: Int
    ) throws(TokenizerError) -> Value {
        let fields = dictionary.fields
        switch name {
        case "keys": return try list(fields.keys, kind: .view("dict_keys"))
        case "values": return try list(fields.values, kind: .view("dict_values"))
        case "items":
            var pairs: [Value] = []
            for (key, value) in zip(fields.keys, fields.values) {
                pairs.append(try list([key, value], kind: .tuple))
            }
            return try list(pairs, kind: .view("dict_items"))
        case "copy": return .dictionary(dictionary)
        case "fromkeys":
            var made = ValueFields()
            for key in try items(of: arguments.positional.first ?? .none, line: line) {
                try set(key, in: &made, to: arguments.positional.dropFirst().first ?? .none, line)
            }
            return try self.dictionary(made)
        default:
            guard let key = arguments.positional.first, arguments.named.isEmpty else {
                throw failure("'get' needs a key, and takes nothing by name", line)
            }
            let standard = arguments.positional.dropFirst().first ?? .none
            return fields[try hashed(key, line)] ?? standard
        }
    }
}
