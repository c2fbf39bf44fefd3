/// `value is name(arguments)`: the tests of Jinja 3.1.
extension Renderer {
    static let tests: Set<String> = [
        "!=", "<", "<=", "==", ">", ">=", "boolean", "callable", "defined", "divisibleby", "eq", "equalto", "escaped",
        "even", "false", "filter", "float", "ge", "greaterthan", "gt", "in", "integer", "iterable", "le", "lessthan",
        "lower", "lt", "mapping", "ne", "none", "number", "odd", "sameas", "sequence", "string", "test", "true",
        "undefined", "upper",
    ]

    func test(_ name: String, _ value: Value, _ arguments: CallArguments, line: Int) throws(TokenizerError) -> Bool {
        func other() throws(TokenizerError) -> Value {
            guard let other = arguments.positional.first ?? arguments.named.first?.value else {
                throw failure("the test '\(name)' needs a value", line)
            }
            return other
        }
        switch name {
        case "defined": return !value.isUndefined
        case "undefined": return value.isUndefined
        case "none": return value.isNone
        case "true": if case .bool(true) = value { return true } else { return false }
        case "false": if case .bool(false) = value { return true } else { return false }
        case "boolean": if case .bool = value { return true } else { return false }
        case "string": if case .string = value { return true } else { return false }
        case "escaped": if case .string(let text) = value { return text.isMarkup } else { return false }
        case "mapping": if case .dictionary = value { return true } else { return false }
        case "integer": if case .int = value { return true } else { return false }
        case "float": if case .double = value { return true } else { return false }
        case "number": return number(value) != nil
        case "callable":
            switch value {
            case .function, .undefined, .loop: return true
            default: return false
            }
        case "iterable":
            switch value {
            case .string, .list, .dictionary, .undefined, .loop, .generator: return true
            default: return false
            }
        case "sequence":
            switch value {
            case .string, .dictionary, .undefined: return true
            case .list(let list): return !list.isView
            default: return false
            }
        case "odd", "even", "divisibleby":
            return try divides(name, value, try name == "divisibleby" ? other() : .int(2), line)
        case "eq", "equalto", "==": return try equals(value, try other())
        case "ne", "!=": return !(try equals(value, try other()))
        case "sameas": return try isSame(value, try other())
        case "lt", "lessthan", "<": return try compare(value, "<", try other(), line)
        case "le", "<=": return try compare(value, "<=", try other(), line)
        case "gt", "greaterthan", ">": return try compare(value, ">", try other(), line)
        case "ge", ">=": return try compare(value, ">=", try other(), line)
        case "in": return try contains(try other(), value, line)
        case "lower": return try charged(value).property("islower") ?? false
        case "upper": return try charged(value).property("isupper") ?? false
        case "filter": return Self.filters.keys.contains(try text(of: value).string)
        case "test": return Self.tests.contains(try text(of: value).string)
        default: throw failure("the test '\(name)' is not known", line)
        }
    }

    private func divides(_ name: String, _ value: Value, _ divisor: Value, _ line: Int) throws(TokenizerError) -> Bool {
        let remainder = try arithmetic("%", value, divisor, line)
        guard number(remainder) != nil else { throw failure("the test '\(name)' needs a number", line) }
        return try equals(remainder, .int(name == "odd" ? 1 : 0))
    }

    /// Whether two values are one and the same, where a template can tell.
    private func isSame(_ value: Value, _ other: Value) throws(TokenizerError) -> Bool {
        switch (value, other) {
        case (.bool(let value), .bool(let other)): return value == other
        case (.bool, _), (_, .bool): return false
        case (.int, .double), (.double, .int): return false
        default: return try equals(value, other)
        }
    }
}
