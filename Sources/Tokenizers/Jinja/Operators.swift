/// Python's operators on values.
extension Renderer {
    /// Whether two values are equal, as `==` has it: numbers by value, whatever their type.
    func equals(_ left: Value, _ right: Value) throws(TokenizerError) -> Bool {
        try work.charge()
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let left), .string(let right)):
            guard left.count == right.count else { return false }
            try work.charge(left.count / 16)
            return left == right
        case (.list(let left), .list(let right)):
            guard left.items.count == right.items.count, left.isTuple == right.isTuple,
                left.isTuple || left.isRange && right.isRange || left.kind == right.kind
            else { return false }
            for (first, second) in zip(left.items, right.items) where !(try equals(first, second)) { return false }
            return true
        case (.dictionary(let left), .dictionary(let right)):
            guard left.fields.count == right.fields.count else { return false }
            for (key, value) in zip(left.fields.keys, left.fields.values) {
                guard let other = right.fields[try hashed(key, 0)], try equals(value, other) else { return false }
            }
            return true
        case (.namespace(let left), .namespace(let right)): return left === right
        case (.loop(let left), .loop(let right)): return left === right
        case (.generator(let left), .generator(let right)): return left === right
        case (.cycler(let left), .cycler(let right)): return left === right
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
        case "<=": return try precedes(left, right, line, orEquals: true)
        default: return try precedes(right, left, line, orEquals: true)
        }
    }

    func precedes(
        _ left: Value,
        _ right: Value,
        _ line: Int,
        orEquals: Bool = false
    ) throws(TokenizerError) -> Bool {
        try work.charge()
        switch (left, right) {
        case (.string(let left), .string(let right)):
            try work.charge(min(left.count, right.count) / 16)
            return left.precedes(right) || orEquals && left == right
        case (.list(let left), .list(let right)) where left.isTuple == right.isTuple && !left.isView && !right.isView:
            for (first, second) in zip(left.items, right.items) where !(try equals(first, second)) {
                return try precedes(first, second, line, orEquals: orEquals)
            }
            return left.items.count < right.items.count || orEquals && left.items.count == right.items.count
        default:
            if let left = int(left), let right = int(right) { return left < right || orEquals && left == right }
            if let left = number(left), let right = number(right) { return left < right || orEquals && left == right }
            throw failure("\(left.kind) and \(right.kind) cannot be ordered", line)
        }
    }

    func contains(_ container: Value, _ item: Value, _ line: Int) throws(TokenizerError) -> Bool {
        switch (container, item) {
        case (.string(let text), .string(let part)):
            try work.charge(text: text.count + part.count)
            return text.contains(part)
        case (.string, _): throw failure("\(item.kind) cannot be looked for in a string", line)
        case (.dictionary(let dictionary), _): return dictionary.fields[try hashed(item, line)] != nil
        case (.list, _), (.undefined, _), (.generator, _), (.loop, _):
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
            try work.charge(text: left.count + right.count)
            guard left.isMarkup || right.isMarkup else { return .string(left + right) }
            var sum = left.escaped + right.escaped
            sum.isMarkup = true
            return try string(sum)
        case ("+", .list(let first), .list(let second))
        where first.isTuple == second.isTuple && ![first, second].contains { $0.isView || $0.isRange }:
            return try list(first.items + second.items, kind: first.isTuple ? .tuple : .list)
        case ("*", .string(let text), _), ("*", _, .string(let text)):
            guard let count = int(left) ?? int(right) else { break }
            let (characters, overflow) = text.count.multipliedReportingOverflow(by: max(0, count))
            try work.charge(text: overflow ? .max : characters)
            return .string(text.repeated(count))
        case ("*", .list(let items), _), ("*", _, .list(let items)):
            guard let count = int(left) ?? int(right), !items.isView, !items.isRange else { break }
            let (total, overflow) = items.items.count.multipliedReportingOverflow(by: max(0, count))
            try work.charge(overflow ? .max : total)
            return try list(
                (0..<max(0, count)).flatMap { _ in items.items },
                kind: items.isTuple ? .tuple : .list
            )
        case ("%", .string(let format), _): return try string(try formatted(format, right, line))
        default: break
        }
        if let left = int(left), let right = int(right), operation != "/", operation != "**" || right >= 0 {
            return try whole(operation, left, right, line)
        }
        guard let first = number(left), let second = number(right) else {
            throw failure("'\(operation)' does not work on \(left.kind) and \(right.kind)", line)
        }
        switch operation {
        case "+": return .double(first + second)
        case "-": return .double(first - second)
        case "*": return .double(first * second)
        case "**": return .double(try power(first, second, line))
        default:
            guard second != 0 else { throw failure("division by zero", line) }
            if operation == "/" { return .double(first / second) }
            // Python's remainder has the sign of the divisor, and is exact.
            var remainder = first.truncatingRemainder(dividingBy: second)
            if remainder != 0, (remainder < 0) != (second < 0) { remainder += second }
            if remainder == 0 { remainder = second.sign == .minus ? -0.0 : 0.0 }
            if operation == "%" { return .double(remainder) }
            return .double(((first - remainder) / second).rounded())
        }
    }

    private func power(_ base: Double, _ exponent: Double, _ line: Int) throws(TokenizerError) -> Double {
        guard base != 0 || exponent >= 0 else { throw failure("0 cannot be raised to a negative power", line) }
        guard base >= 0 || exponent.rounded() == exponent else {
            throw failure("a negative number to a broken power is not real", line)
        }
        let result = PythonNumber.power(base, exponent)
        guard result.isFinite || !base.isFinite || !exponent.isFinite else {
            throw failure("the result is too large", line)
        }
        return result
    }

    private func whole(_ operation: String, _ left: Int, _ right: Int, _ line: Int) throws(TokenizerError) -> Value {
        var result: (partialValue: Int, overflow: Bool)
        switch operation {
        case "+": result = left.addingReportingOverflow(right)
        case "-": result = left.subtractingReportingOverflow(right)
        case "*": result = left.multipliedReportingOverflow(by: right)
        case "**":
            result = (1, false)
            if 0...1 ~= left {
                result.partialValue = right == 0 ? 1 : left
            } else if left == -1 {
                result.partialValue = right % 2 == 0 ? 1 : -1
            } else {
                // Two to the 63rd has no place any more.
                for _ in 0..<min(right, 64) where !result.overflow {
                    result = result.partialValue.multipliedReportingOverflow(by: left)
                }
            }
        default:
            guard right != 0 else { throw failure("division by zero", line) }
            result = left.dividedReportingOverflow(by: right)
            guard !result.overflow else {
                if operation == "%" { return .int(0) }
                break
            }
            let remainder = left % right
            // Python rounds towards minus infinity.
            let isOff = remainder != 0 && (remainder < 0) != (right < 0)
            result.partialValue =
                operation == "//" ? result.partialValue - (isOff ? 1 : 0) : remainder + (isOff ? right : 0)
        }
        guard !result.overflow else { throw failure("a whole number does not fit in 64 bits", line) }
        return .int(result.partialValue)
    }
}
