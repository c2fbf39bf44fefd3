/// Python's operators on values, and the text of a value.
extension Renderer {
    /// Whether two values are equal, as `==` has it: numbers by value, whatever their type.
    func equals(_ left: Value, _ right: Value) throws(TokenizerError) -> Bool {
        try work.charge()
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let left), .string(let right)):
            try work.charge(min(left.utf8.count, right.utf8.count) / 16)
            return left.utf8.elementsEqual(right.utf8)
        case (.list(let left), .list(let right)):
            guard left.items.count == right.items.count, left.isTuple == right.isTuple else { return false }
            for (first, second) in zip(left.items, right.items) where !(try equals(first, second)) { return false }
            return true
        case (.dictionary(let left), .dictionary(let right)):
            guard left.fields.count == right.fields.count else { return false }
            for (key, value) in zip(left.fields.keys, left.fields.values) {
                guard let other = right.fields[key], try equals(value, other) else { return false }
            }
            return true
        case (.namespace(let left), .namespace(let right)): return left === right
        default:
            if let left = int(left), let right = int(right) { return left == right }
            guard let left = number(left), let right = number(right) else { return false }
            return left == right
        }
    }

    func compare(_ left: Value, _ operation: String, _ right: Value, _ line: Int) throws(TokenizerError) -> Bool {
        switch operation {
        case "==": return try equals(left, right)
        case "!=": return !(try equals(left, right))
        case "in": return try contains(right, left, line)
        case "not in": return !(try contains(right, left, line))
        case "<": return try precedes(left, right, line)
        case ">": return try precedes(right, left, line)
        case "<=": return try precedes(left, right, line) ? true : try equals(left, right)
        default: return try precedes(right, left, line) ? true : try equals(left, right)
        }
    }

    func precedes(_ left: Value, _ right: Value, _ line: Int) throws(TokenizerError) -> Bool {
        try work.charge()
        switch (left, right) {
        case (.string(let left), .string(let right)):
            try work.charge(min(left.utf8.count, right.utf8.count) / 16)
            // The order of code points is the order of their UTF-8.
            return left.utf8.lexicographicallyPrecedes(right.utf8)
        case (.list(let left), .list(let right)):
            for (first, second) in zip(left.items, right.items) where !(try equals(first, second)) {
                return try precedes(first, second, line)
            }
            return left.items.count < right.items.count
        default:
            if let left = int(left), let right = int(right) { return left < right }
            if let left = number(left), let right = number(right) { return left < right }
            throw failure("\(left.kind) and \(right.kind) cannot be ordered", line)
        }
    }

    func contains(_ container: Value, _ item: Value, _ line: Int) throws(TokenizerError) -> Bool {
        switch (container, item) {
        case (.string(let text), .string(let part)):
            try work.charge(text.utf8.count / 4)
            return PythonText.contains(text, part)
        case (.string, _): throw failure("\(item.kind) cannot be looked for in a string", line)
        case (.dictionary(let dictionary), .string(let key)): return dictionary.fields[key] != nil
        case (.dictionary, _): return false
        case (.list, _), (.undefined, _):
            for candidate in try items(of: container, line: line) where try equals(candidate, item) { return true }
            return false
        default: throw failure("\(container.kind) contains nothing", line)
        }
    }

    /// A whole number, where true is 1 and false is 0.
    func int(_ value: Value) -> Int? {
        switch value {
        case .int(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    func number(_ value: Value) -> Double? {
        if case .double(let value) = value { value } else { int(value).map(Double.init) }
    }

    func arithmetic(_ operation: String, _ left: Value, _ right: Value, _ line: Int) throws(TokenizerError) -> Value {
        switch (operation, left, right) {
        case ("+", .string(let left), .string(let right)):
            try work.charge(text: left.utf8.count + right.utf8.count)
            return .string(left + right)
        case ("+", .list(let left), .list(let right)): return try list(left.items + right.items, isTuple: left.isTuple)
        case ("*", .string(let text), _), ("*", _, .string(let text)):
            guard let count = int(left) ?? int(right) else { break }
            let (bytes, overflow) = text.utf8.count.multipliedReportingOverflow(by: max(0, count))
            try work.charge(text: overflow ? .max : bytes)
            return .string(String(repeating: text, count: max(0, count)))
        default: break
        }
        if let left = int(left), let right = int(right), operation != "/" {
            return try whole(operation, left, right, line)
        }
        guard let first = number(left), let second = number(right) else {
            throw failure("'\(operation)' does not work on \(left.kind) and \(right.kind)", line)
        }
        switch operation {
        case "+": return .double(first + second)
        case "-": return .double(first - second)
        case "*": return .double(first * second)
        case "**": throw failure("'**' works on whole numbers only", line)
        default:
            guard second != 0 else { throw failure("division by zero", line) }
            if operation == "/" { return .double(first / second) }
            let floor = (first / second).rounded(.down)
            return .double(operation == "//" ? floor : first - second * floor)
        }
    }

    private func whole(_ operation: String, _ left: Int, _ right: Int, _ line: Int) throws(TokenizerError) -> Value {
        var result: (partialValue: Int, overflow: Bool)
        switch operation {
        case "+": result = left.addingReportingOverflow(right)
        case "-": result = left.subtractingReportingOverflow(right)
        case "*": result = left.multipliedReportingOverflow(by: right)
        case "**":
            guard 0...64 ~= right else { throw failure("the exponent \(right) is not in 0...64", line) }
            result = (1, false)
            for _ in 0..<right where !result.overflow {
                result = result.partialValue.multipliedReportingOverflow(by: left)
            }
        default:
            guard right != 0 else { throw failure("division by zero", line) }
            result = left.dividedReportingOverflow(by: right)
            guard !result.overflow else { break }
            let remainder = left % right
            // Python rounds towards minus infinity.
            let isOff = remainder != 0 && (remainder < 0) != (right < 0)
            result.partialValue =
                operation == "//" ? result.partialValue - (isOff ? 1 : 0) : remainder + (isOff ? right : 0)
        }
        guard !result.overflow else { throw failure("a whole number does not fit in 64 bits", line) }
        return .int(result.partialValue)
    }

    /// What `{{ value }}` writes: Python's `str`.
    func text(of value: Value) throws(TokenizerError) -> String {
        if case .string(let text) = value { return text }
        if case .undefined = value { return "" }
        return try representation(of: value)
    }

    /// Python's `repr`.
    private func representation(of value: Value) throws(TokenizerError) -> String {
        try work.charge()
        switch value {
        case .undefined: return "Undefined"
        case .none: return "None"
        case .bool(let value): return value ? "True" : "False"
        case .int(let value): return String(value)
        case .double(let value): return pythonText(value)
        case .string(let text):
            try work.charge(text: text.utf8.count)
            return PythonText.quoted(text)
        case .list(let list):
            var parts: [String] = []
            for item in list.items { parts.append(try representation(of: item)) }
            if list.isTuple { return try joined(parts, "(", parts.count == 1 ? ",)" : ")") }
            return try joined(parts, "[", "]")
        case .dictionary(let dictionary):
            var parts: [String] = []
            for (key, value) in zip(dictionary.fields.keys, dictionary.fields.values) {
                parts.append(PythonText.quoted(key) + ": " + (try representation(of: value)))
            }
            return try joined(parts, "{", "}")
        case .namespace, .loop, .function: return "<\(value.kind)>"
        }
    }

    private func joined(_ parts: [String], _ open: String, _ close: String) throws(TokenizerError) -> String {
        try work.charge(text: parts.reduce(0) { $0 + $1.utf8.count + 2 })
        return open + parts.joined(separator: ", ") + close
    }
}
