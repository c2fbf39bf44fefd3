/// Evaluates expressions.
extension Renderer {
    func evaluate(_ expression: Expression) throws(TokenizerError) -> Value {
        try work.enter()
        defer { work.leave() }
        let line = expression.line
        switch expression.kind {
        case .constant(let value): return try self.value(value, .template)
        case .text(let text): return .string(text)
        case .name(let name): return lookUp(name)
        case .list(let items): return try list(try evaluate(items))
        case .tuple(let items): return try list(try evaluate(items), kind: .tuple)
        case .dictionary(let entries): return try dictionary(entries, line)
        case .attribute(let base, let name, let key): return try attribute(name, key, of: try evaluate(base), line)
        case .item(let base, let index): return try item(try evaluate(index), of: try evaluate(base), line)
        case .slice(let base, let start, let end, let step):
            let value = try evaluate(base)
            let (first, last) = (try bound(start, line), try bound(end, line))
            return try slice(value, first, last, try bound(step, line) ?? 1, line)
        case .call(let callee, let arguments):
            let function = try evaluate(callee)
            return try call(function, try evaluate(arguments, line), line)
        case .filter(let base, let name, let arguments):
            return try apply(name, to: try evaluate(base), try evaluate(arguments, line), line: line)
        case .test(let base, let name, let arguments):
            return .bool(try test(name, try evaluate(base), try evaluate(arguments, line), line: line))
        case .not(let base): return .bool(!(try evaluate(base).isTrue))
        case .and(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? try evaluate(right) : value
        case .or(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? value : try evaluate(right)
        case .negate(let base):
            let value = try evaluate(base)
            if case .double(let number) = value { return .double(-number) }
            return try arithmetic("-", .int(0), value, line)
        case .plus(let base):
            let value = try evaluate(base)
            return number(value) == nil
                ? try arithmetic("+", .int(0), value, line) : int(value).map { .int($0) } ?? value
        case .arithmetic(let operation, let left, let right):
            let first = try evaluate(left)
            return try arithmetic(operation, first, try evaluate(right), line)
        case .concatenation(let parts): return try concatenation(parts)
        case .comparison(let first, let rest):
            var left = try evaluate(first)
            for (operation, expression) in rest {
                let right = try evaluate(expression)
                if !(try compare(left, operation, right, line)) { return .bool(false) }
                left = right
            }
            return .bool(true)
        case .conditional(let then, let condition, let otherwise):
            if try evaluate(condition).isTrue { return try evaluate(then) }
            guard let otherwise else { return .undefined(what: "the condition is false and there is no 'else'") }
            return try evaluate(otherwise)
        }
    }

    private func evaluate(_ expressions: [Expression]) throws(TokenizerError) -> [Value] {
        var values: [Value] = []
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    func evaluate(_ arguments: Arguments, _ line: Int) throws(TokenizerError) -> CallArguments {
        var values = CallArguments(positional: try evaluate(arguments.positional))
        for (name, expression) in arguments.named { values.named.append((name, try evaluate(expression))) }
        if let unpacked = arguments.unpacked {
            values.positional += try items(of: try evaluate(unpacked), line: line)
        }
        if let unpacked = arguments.unpackedNames {
            guard case .dictionary(let names) = try evaluate(unpacked) else {
                throw failure("what follows '**' must be a mapping", line)
            }
            for (key, value) in zip(names.fields.keys, names.fields.values) {
                guard case .string(let name) = key else { throw failure("names of arguments must be strings", line) }
                values.named.append((name.string, value))
            }
        }
        return values
    }

    private func dictionary(
        _ entries: [(key: Expression, value: Expression)],
        _ line: Int
    ) throws(TokenizerError) -> Value {
        var fields = ValueFields()
        for entry in entries {
            let key = try evaluate(entry.key)
            try set(key, in: &fields, to: try evaluate(entry.value), line)
        }
        return try dictionary(fields)
    }

    /// `~`, which joins texts as they are, markup too.
    private func concatenation(_ parts: [Expression]) throws(TokenizerError) -> Value {
        var result = Text()
        var texts: [Text] = []
        for part in parts { texts.append(try text(of: try evaluate(part))) }
        let isMarkup = autoescape && texts.contains(where: \.isMarkup)
        for text in texts {
            try work.charge(text: text.count)
            result.append(isMarkup ? text.escaped : text)
        }
        result.isMarkup = isMarkup
        return try string(result)
    }

    // MARK: Making values

    func checked(_ list: ValueList) throws(TokenizerError) -> ValueList {
        try work.charge(list.items.count)
        guard list.depth <= Value.deepest else { throw tooDeep() }
        return list
    }

    func list(_ items: [Value], kind: ValueList.Kind = .list) throws(TokenizerError) -> Value {
        .list(try checked(ValueList(items, kind: kind)))
    }

    func generator(_ items: [Value]) throws(TokenizerError) -> Value {
        try work.charge(items.count)
        let generator = Generator(items)
        guard generator.depth <= Value.deepest else { throw tooDeep() }
        return .generator(generator)
    }

    func dictionary(_ fields: ValueFields) throws(TokenizerError) -> Value {
        try work.charge(fields.count)
        let dictionary = ValueDictionary(fields)
        guard dictionary.depth <= Value.deepest else { throw tooDeep() }
        return .dictionary(dictionary)
    }

    func set(_ key: Value, in fields: inout ValueFields, to value: Value, _ line: Int) throws(TokenizerError) {
        fields.set(key, hashed: try hashed(key, line), to: value)
    }

    /// A key to look up; charged for what hashing it takes.
    func hashed(_ key: Value, _ line: Int) throws(TokenizerError) -> ValueFields.Key {
        try work.charge(weight(key))
        guard let hashed = ValueFields.Key(key) else { throw failure("\(key.kind) cannot be a key", line) }
        return hashed
    }

    private func weight(_ key: Value) -> Int {
        switch key {
        case .string(let text): 1 + text.count / 16
        case .list(let list): list.items.reduce(1) { $0 + weight($1) }
        default: 1
        }
    }

    private func tooDeep() -> TokenizerError {
        TokenizerError(.limitExceeded, "chat template: values nested more than \(Value.deepest) levels deep")
    }

    func string(_ text: Text) throws(TokenizerError) -> Value {
        try work.charge(text: text.count)
        return .string(text)
    }

    /// A JSON value as the template sees it; its texts are of one origin.
    func value(_ json: JSONValue, _ origin: TextOrigin, depth: Int = 0) throws(TokenizerError) -> Value {
        guard depth <= Value.deepest else { throw tooDeep() }
        switch json {
        case .null: return .none
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .double(let value): return .double(value)
        case .string(let value): return .string(Text(value, origin: origin))
        case .array(let values):
            var items: [Value] = []
            for value in values { items.append(try self.value(value, origin, depth: depth + 1)) }
            return try list(items)
        case .object(let object):
            var fields = ValueFields()
            for (key, value) in zip(object.keys, object.values) {
                fields.set(Text(key, origin: origin), to: try self.value(value, origin, depth: depth + 1))
            }
            return try dictionary(fields)
        }
    }

    /// What a `for` loop, a filter or `in` goes through.
    func items(of value: Value, line: Int) throws(TokenizerError) -> [Value] {
        switch value {
        case .undefined: return []
        case .list(let list):
            try work.charge(list.items.count)
            return list.items
        case .dictionary(let dictionary):
            try work.charge(dictionary.fields.count)
            return dictionary.fields.keys
        case .string(let text):
            try work.charge(text.count)
            return text.units.map { .string(Text(units: CollectionOfOne($0), isMarkup: text.isMarkup)) }
        case .generator(let generator):
            let rest = generator.rest()
            try work.charge(rest.count)
            return rest
        case .loop(let loop): return loop.items.items
        default: throw failure("\(value.kind) cannot be iterated", line)
        }
    }
}
