/// `value is name(arguments)`.
extension Renderer {
    func test(_ name: String, _ value: Value, _ arguments: CallArguments, line: Int) throws(TokenizerError) -> Bool {
        func other() throws(TokenizerError) -> Value {
            guard let other = arguments.positional.first else {
                throw failure("the test '\(name)' needs a value", line)
            }
            return other
        }
        switch name {
        case "defined": return !value.isUndefined
        case "undefined": return value.isUndefined
        case "none": if case .none = value { return true } else { return false }
        case "true": if case .bool(true) = value { return true } else { return false }
        case "false": if case .bool(false) = value { return true } else { return false }
        case "boolean": if case .bool = value { return true } else { return false }
        case "string": if case .string = value { return true } else { return false }
        case "mapping": if case .dictionary = value { return true } else { return false }
        case "callable": if case .function = value { return true } else { return false }
        case "integer": if case .int = value { return true } else { return false }
        case "float": if case .double = value { return true } else { return false }
        case "number": return number(value) != nil
        case "iterable", "sequence":
            switch value {
            case .string, .list, .dictionary, .undefined: return true
            case .loop: return name == "iterable"
            default: return false
            }
        case "odd", "even", "divisibleby":
            guard let whole = int(value), let divisor = name == "divisibleby" ? int(try other()) : 2, divisor != 0
            else {
                throw failure("the test '\(name)' needs whole numbers", line)
            }
            let remainder = divisor == -1 ? 0 : whole % divisor
            return (remainder == 0) != (name == "odd")
        case "eq", "equalto", "==": return try equals(value, try other())
        case "ne", "!=": return !(try equals(value, try other()))
        case "sameas":
            let other = try other()
            if case .bool = value { guard case .bool = other else { return false } }
            return try equals(value, other)
        case "lt", "lessthan", "<": return try compare(value, "<", try other(), line)
        case "le", "<=": return try compare(value, "<=", try other(), line)
        case "gt", "greaterthan", ">": return try compare(value, ">", try other(), line)
        case "ge", ">=": return try compare(value, ">=", try other(), line)
        case "in": return try contains(try other(), value, line)
        case "lower", "upper":
            let text = try text(of: value)
            return (name == "lower" ? PythonText.lower(text) : PythonText.upper(text)) == text
                && text.unicodeScalars.contains { $0.properties.isCased }
        default: throw failure("the test '\(name)' is not known", line)
        }
    }
}
