/// Attributes, items and slices of values.
extension Renderer {
    func attribute(_ name: String, _ key: Text, of base: Value, _ line: Int) throws(TokenizerError) -> Value {
        if case .undefined(let what) = base { throw failure("\(what), so it has no '\(name)'", line) }
        if let value = try member(name, of: base) { return value }
        if case .dictionary(let dictionary) = base, let value = dictionary[key] { return value }
        return .undefined(what: "\(base.kind) has no attribute '\(name)'")
    }

    /// What Python's `getattr` finds.
    func member(_ name: String, of base: Value) throws(TokenizerError) -> Value? {
        switch base {
        case .namespace(let namespace): return namespace.fields[name]
        case .loop(let loop):
            if name == "cycle" || name == "changed" { return .function(.method(of: base, name)) }
            return loop.attribute(name)
        case .cycler(let cycler):
            if name == "current" { return cycler.current }
            return ["next", "reset"].contains(name) ? .function(.method(of: base, name)) : nil
        case .list(let list) where list.kind == .group:
            if let place = ["grouper", "list"].firstIndex(of: name) { return list.items[place] }
        case .function(.macro(let macro, _)): return try member(name, of: macro)
        case .function(.global("self")): return template.blocks[name] == nil ? nil : .function(.block(name))
        case .int, .double, .bool:
            if let value = numberMember(name, of: base) { return value }
        default: break
        }
        if Self.changingMethods(of: base).contains(name) {
            return .undefined(
                what: "'\(name)' of \(base.kind) is not allowed in a template, whose values do not change"
            )
        }
        return Self.methods(of: base).contains(name) ? .function(.method(of: base, name)) : nil
    }

    private func member(_ name: String, of macro: Macro) throws(TokenizerError) -> Value? {
        switch name {
        case "name": return .text(macro.name)
        case "arguments": return try list(macro.parameters.map { .text($0.name) }, kind: .tuple)
        case "catch_varargs": return .bool(macro.extras.contains("varargs"))
        case "catch_kwargs": return .bool(macro.extras.contains("kwargs"))
        case "caller": return .bool(macro.extras.contains("caller"))
        default: return nil
        }
    }

    private func numberMember(_ name: String, of base: Value) -> Value? {
        let whole = int(base)
        switch name {
        case "real": return whole.map { .int($0) } ?? base
        case "imag": return whole == nil ? .double(0) : .int(0)
        case "numerator": return whole.map { .int($0) }
        case "denominator": return whole.map { _ in .int(1) }
        default: return nil
        }
    }

    func item(_ index: Value, of base: Value, _ line: Int) throws(TokenizerError) -> Value {
        let missing = Value.undefined(what: "\(base.kind) has no such item")
        if case .undefined(let what) = base { throw failure("\(what), so it has no items", line) }
        if let position = int(index) {
            func found(_ count: Int) -> Int? {
                let place = position < 0 ? position + count : position
                return 0..<count ~= place ? place : nil
            }
            switch base {
            case .list(let list) where !list.isView: return found(list.items.count).map { list.items[$0] } ?? missing
            case .string(let text): return found(text.count).map { .string(text[$0..<$0 + 1]) } ?? missing
            default: break
            }
        }
        if case .dictionary(let dictionary) = base, ValueFields.Key(index) != nil {
            if let value = dictionary.fields[try hashed(index, line)] { return value }
        }
        // An item that is not there may be an attribute.
        if case .string(let name) = index { return try member(name.string, of: base) ?? missing }
        return missing
    }

    func bound(_ expression: Expression?, _ line: Int) throws(TokenizerError) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression)
        if value.isNone { return nil }
        guard let bound = int(value) else { throw failure("\(value.kind) cannot be the bound of a slice", line) }
        return bound
    }

    func slice(_ base: Value, _ start: Int?, _ end: Int?, _ step: Int, _ line: Int) throws(TokenizerError) -> Value {
        func places(_ count: Int) throws(TokenizerError) -> [Int] {
            guard step != 0 else { throw failure("the step of a slice cannot be 0", line) }
            let (lowest, highest) = step > 0 ? (0, count) : (-1, count - 1)
            func clamp(_ bound: Int?, _ standard: Int) -> Int {
                guard let bound else { return standard }
                return min(max(bound < 0 ? bound + count : bound, lowest), highest)
            }
            var index = clamp(start, step > 0 ? 0 : count - 1)
            let last = clamp(end, step > 0 ? count : -1)
            var result: [Int] = []
            while step > 0 ? index < last : index > last {
                result.append(index)
                let (next, overflow) = index.addingReportingOverflow(step)
                if overflow { break }
                index = next
            }
            try work.charge(result.count / 4)
            return result
        }
        switch base {
        case .list(let list) where !list.isView:
            return try self.list(
                try places(list.items.count).map { list.items[$0] },
                kind: list.isTuple ? .tuple : .list
            )
        case .string(let text):
            return try string(Text(units: try places(text.count).map { text.units[$0] }, isMarkup: text.isMarkup))
        case .undefined(let what): throw failure("\(what), so it cannot be sliced", line)
        default: return .undefined(what: "\(base.kind) has no slices")
        }
    }
}
