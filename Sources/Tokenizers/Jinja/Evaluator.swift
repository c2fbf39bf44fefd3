/// Evaluates expressions.
extension Renderer {
    func evaluate(_ expression: Expression) throws(TokenizerError) -> Value {
        try work.enter()
        defer { work.leave() }
        let line = expression.line
        switch expression.kind {
        case .constant(let value): return try self.value(value)
        case .name(let name): return lookUp(name) ?? global(name) ?? .undefined(what: "'\(name)' is undefined")
        case .list(let items): return try list(try evaluate(items))
        case .tuple(let items): return try list(try evaluate(items), isTuple: true)
        case .dictionary(let entries):
            var fields = OrderedFields<Value>()
            for entry in entries {
                guard case .string(let key) = try evaluate(entry.key) else {
                    throw failure("only strings can be keys of a mapping", line)
                }
                fields[key] = try evaluate(entry.value)
            }
            return try dictionary(fields)
        case .attribute(let base, let name): return try attribute(name, of: try evaluate(base), line)
        case .item(let base, let index): return try item(try evaluate(index), of: try evaluate(base), line)
        case .slice(let base, let start, let end, let step):
            return try slice(
                try evaluate(base),
                try bound(start, line),
                try bound(end, line),
                try bound(step, line) ?? 1,
                line
            )
        case .call(let callee, let arguments):
            let function = try evaluate(callee)
            return try call(function, try evaluate(arguments), line)
        case .filter(let base, let name, let arguments):
            return try apply(name, to: try evaluate(base), try evaluate(arguments), line: line)
        case .test(let base, let name, let arguments):
            return .bool(try test(name, try evaluate(base), try evaluate(arguments), line: line))
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
        case .plus(let base): return try arithmetic("+", .int(0), try evaluate(base), line)
        case .arithmetic(let operation, let left, let right):
            return try arithmetic(operation, try evaluate(left), try evaluate(right), line)
        case .concatenation(let parts):
            var result = ""
            for part in parts {
                let text = try text(of: try evaluate(part))
                try work.charge(text: result.utf8.count + text.utf8.count)
                result += text
            }
            return .string(result)
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

    func evaluate(_ arguments: Arguments) throws(TokenizerError) -> CallArguments {
        var values = CallArguments(positional: try evaluate(arguments.positional))
        for (name, expression) in arguments.named { values.named.append((name, try evaluate(expression))) }
        return values
    }

    func checked(_ list: ValueList) throws(TokenizerError) -> ValueList {
        try work.charge(list.items.count)
        guard list.depth <= Value.deepest else { throw tooDeep() }
        return list
    }

    func list(_ items: [Value], isTuple: Bool = false) throws(TokenizerError) -> Value {
        .list(try checked(ValueList(items, isTuple: isTuple)))
    }

    func dictionary(_ fields: OrderedFields<Value>) throws(TokenizerError) -> Value {
        try work.charge(fields.count)
        let dictionary = ValueDictionary(fields)
        guard dictionary.depth <= Value.deepest else { throw tooDeep() }
        return .dictionary(dictionary)
    }

    private func tooDeep() -> TokenizerError {
        TokenizerError(.limitExceeded, "chat template: values nested more than \(Value.deepest) levels deep")
    }

    func string(_ text: String) throws(TokenizerError) -> Value {
        try work.charge(text: text.utf8.count)
        return .string(text)
    }

    /// A JSON value as the template sees it.
    func value(_ json: JSONValue, depth: Int = 0) throws(TokenizerError) -> Value {
        guard depth <= Value.deepest else { throw tooDeep() }
        switch json {
        case .null: return .none
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .double(let value): return .double(value)
        case .string(let value): return .string(value)
        case .array(let values):
            var items: [Value] = []
            for value in values { items.append(try self.value(value, depth: depth + 1)) }
            return try list(items)
        case .object(let object):
            var fields = OrderedFields<Value>()
            for (key, value) in zip(object.keys, object.values) {
                fields[key] = try self.value(value, depth: depth + 1)
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
            return dictionary.fields.keys.map { .string($0) }
        case .string(let text):
            try work.charge(text.utf8.count)
            return text.unicodeScalars.map { .string(String($0)) }
        default: throw failure("\(value.kind) cannot be iterated", line)
        }
    }

    // MARK: Access

    private func attribute(_ name: String, of base: Value, _ line: Int) throws(TokenizerError) -> Value {
        let missing = Value.undefined(what: "\(base.kind) has no attribute '\(name)'")
        switch base {
        case .undefined(let what): throw failure("\(what), so it has no '\(name)'", line)
        case .dictionary(let dictionary):
            if Self.dictionaryMethods.contains(name) { return .function(.method(of: base, name)) }
            return dictionary.fields[name] ?? missing
        case .string: return Self.stringMethods.contains(name) ? .function(.method(of: base, name)) : missing
        case .list: return Self.listMethods.contains(name) ? .function(.method(of: base, name)) : missing
        case .namespace(let namespace): return namespace.fields[name] ?? missing
        case .loop(let loop):
            if name == "cycle" { return .function(.method(of: base, name)) }
            return loop.attribute(name) ?? missing
        default: return missing
        }
    }

    func item(_ index: Value, of base: Value, _ line: Int) throws(TokenizerError) -> Value {
        let missing = Value.undefined(what: "\(base.kind) has no such item")
        switch (base, index) {
        case (.undefined(let what), _): throw failure("\(what), so it has no items", line)
        case (.list(let list), .int(let position)):
            let found = position < 0 ? position + list.items.count : position
            return list.items.indices.contains(found) ? list.items[found] : missing
        case (.string(let text), .int(let position)):
            try work.charge(text.utf8.count / 16 + 1)
            let scalars = Array(text.unicodeScalars)
            let found = position < 0 ? position + scalars.count : position
            return scalars.indices.contains(found) ? .string(String(scalars[found])) : missing
        case (.dictionary(let dictionary), .string(let key)):
            if let value = dictionary.fields[key] { return value }
            return try attribute(key, of: base, line)
        case (_, .string(let key)): return try attribute(key, of: base, line)
        default: return missing
        }
    }

    private func bound(_ expression: Expression?, _ line: Int) throws(TokenizerError) -> Int? {
        guard let expression else { return nil }
        switch try evaluate(expression) {
        case .none: return nil
        case .int(let value): return value
        case .bool(let value): return value ? 1 : 0
        case let value: throw failure("\(value.kind) cannot be the bound of a slice", line)
        }
    }

    private func slice(_ base: Value, _ start: Int?, _ end: Int?, _ step: Int, _ line: Int) throws(TokenizerError)
        -> Value
    {
        func cut<Item>(_ items: [Item]) throws(TokenizerError) -> [Item] {
            guard step != 0 else { throw failure("the step of a slice cannot be 0", line) }
            try work.charge(items.count)
            let count = items.count
            let (lowest, highest) = step > 0 ? (0, count) : (-1, count - 1)
            func clamp(_ bound: Int?, _ standard: Int) -> Int {
                guard let bound else { return standard }
                return min(max(bound < 0 ? bound + count : bound, lowest), highest)
            }
            var index = clamp(start, step > 0 ? 0 : count - 1)
            let last = clamp(end, step > 0 ? count : -1)
            var result: [Item] = []
            while step > 0 ? index < last : index > last {
                result.append(items[index])
                let (next, overflow) = index.addingReportingOverflow(step)
                if overflow { break }
                index = next
            }
            return result
        }
        switch base {
        case .list(let list): return try self.list(try cut(list.items), isTuple: list.isTuple)
        case .string(let text):
            return try string(try cut(Array(text.unicodeScalars)).reduce(into: "") { $0.unicodeScalars.append($1) })
        case .undefined(let what): throw failure("\(what), so it cannot be sliced", line)
        default: throw failure("\(base.kind) cannot be sliced", line)
        }
    }
}
