/// `format % values` and `"...".format(values)`.
extension Renderer {
    private func charge(_ specification: FormatSpecification) throws(TokenizerError) {
        try work.charge(text: specification.width + (specification.precision ?? 0))
    }

    // MARK: %

    func formatted(_ format: Text, _ values: Value, _ line: Int) throws(TokenizerError) -> Text {
        var positional: [Value] = [values]
        if case .list(let list) = values, list.isTuple { positional = list.items }
        var used = 0
        var isNamed = false
        func next() throws(TokenizerError) -> Value {
            guard used < positional.count else {
                throw failure("the format has more places than there are values", line)
            }
            used += 1
            return positional[used - 1]
        }
        var result = Text(units: [], isMarkup: format.isMarkup)
        var index = 0
        func current() -> Character? { index < format.count ? Character(Text.scalar(format.units[index])) : nil }
        func number() throws(TokenizerError) -> Int? {
            if current() == "*" {
                index += 1
                guard let value = int(try next()) else { throw failure("'*' in a format needs a whole number", line) }
                return value
            }
            var digits = ""
            while let digit = current(), digit.isASCII, digit.isNumber {
                digits.append(digit)
                index += 1
            }
            return digits.isEmpty ? nil : Int(digits) ?? .max
        }
        while index < format.count {
            guard current() == "%" else {
                let start = index
                while index < format.count, format.units[index] & Text.scalarMask != 0x25 { index += 1 }
                result.append(format[start..<index])
                continue
            }
            index += 1
            var chosen: Value?
            if current() == "(" {
                let start = index + 1
                while let character = current(), character != ")" { _ = character; index += 1 }
                guard current() == ")", case .dictionary(let names) = values else {
                    throw failure("a format with names needs a mapping", line)
                }
                let key = format[start..<index]
                guard let value = names[key] else { throw failure("the format's '\(key.string)' is missing", line) }
                (chosen, isNamed) = (value, true)
                index += 1
            }
            var specification = FormatSpecification()
            flags: while let flag = current() {
                switch flag {
                case "-": specification.alignment = .left
                case "+": specification.sign = "+"
                case " ": if specification.sign == nil { specification.sign = " " }
                case "#": specification.isAlternate = true
                case "0": specification.isZeroFilled = true
                default: break flags
                }
                index += 1
            }
            if let width = try number() {
                if width < 0 { specification.alignment = .left }
                specification.width = Int(min(width.magnitude, UInt(FormatSpecification.widest)))
            }
            if current() == "." {
                index += 1
                specification.precision = min(max(0, try number() ?? 0), FormatSpecification.widest)
            }
            while let modifier = current(), "hlL".contains(modifier) { _ = modifier; index += 1 }
            guard let type = current() else { throw failure("the format ends within a place", line) }
            index += 1
            if type == "%" {
                result.append("%")
                continue
            }
            try charge(specification)
            let value = if let chosen { chosen } else { try next() }
            let text = try formatted(value, type, specification, line)
            try work.charge(text: result.count + text.count)
            result.append(format.isMarkup ? text.escaped : text)
        }
        if !isNamed, used < positional.count {
            if case .dictionary = values { return result }
            throw failure("the format has fewer places than there are values", line)
        }
        return result
    }

    private func formatted(
        _ value: Value,
        _ type: Character,
        _ specification: FormatSpecification,
        _ line: Int
    ) throws(TokenizerError) -> Text {
        var specification = specification
        specification.type = type
        switch type {
        case "s", "r", "a":
            var text = type == "s" ? try self.text(of: value) : try representation(of: value)
            if type == "a" { text = text.asciiOnly }
            if let precision = specification.precision, precision < text.count { text = text[0..<precision] }
            return specification.padded(text, default: .right)
        case "c":
            specification.precision = nil
            if case .string(let text) = value, text.count == 1 { return specification.padded(text, default: .right) }
            if specification.alignment == nil { specification.alignment = .right }
            if let text = int(value).flatMap(specification.text) { return text }
        default:
            if specification.isZeroFilled, specification.alignment == nil {
                (specification.alignment, specification.fill) = (.afterSign, 0x30)
            }
            if "eEfFgG".contains(type), let number = number(value), let text = specification.text(number) {
                return text
            }
            var whole = int(value)
            if "diu".contains(type), case .double(let number) = value {
                whole = Int(exactly: number.rounded(.towardZero))
            }
            if "diuoxX".contains(type), let whole, let text = specification.text(whole) { return text }
        }
        throw failure("'%\(type)' does not write \(value.kind)", line)
    }

    // MARK: str.format

    func formatted(_ format: Text, _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Text {
        var automatic = 0
        let result = try fields(format, arguments, &automatic, depth: 0, line)
        return Text(units: result.units, isMarkup: format.isMarkup)
    }

    private func fields(
        _ format: Text,
        _ arguments: CallArguments,
        _ automatic: inout Int,
        depth: Int,
        _ line: Int
    ) throws(TokenizerError) -> Text {
        guard depth < 2 else { throw failure("the fields of a format are nested too deep", line) }
        var result = Text()
        var index = 0
        func value(_ offset: Int = 0) -> UInt32 {
            index + offset < format.count ? format.units[index + offset] & Text.scalarMask : 0
        }
        while index < format.count {
            let character = value()
            if (character == 0x7B || character == 0x7D), value(1) == character {
                result.append(unit: format.units[index])
                index += 2
            } else if character == 0x7D {
                throw failure("a single '}' in a format", line)
            } else if character == 0x7B {
                let start = index + 1
                var open = 1
                index += 1
                while index < format.count, open > 0 {
                    open += value() == 0x7B ? 1 : value() == 0x7D ? -1 : 0
                    index += 1
                }
                guard open == 0 else { throw failure("a single '{' in a format", line) }
                let text = try field(format[start..<index - 1], arguments, &automatic, depth, format.isMarkup, line)
                try work.charge(text: result.count + text.count)
                result.append(text)
            } else {
                result.append(unit: format.units[index])
                index += 1
            }
        }
        return result
    }

    private func field(
        _ field: Text,
        _ arguments: CallArguments,
        _ automatic: inout Int,
        _ depth: Int,
        _ isMarkup: Bool,
        _ line: Int
    ) throws(TokenizerError) -> Text {
        let colon = field.occurrences(of: ":", limit: 1).first ?? field.count
        var name = field[0..<colon]
        var conversion: UInt32?
        if name.count >= 2, name.units[name.count - 2] & Text.scalarMask == 0x21 {
            conversion = name.units[name.count - 1] & Text.scalarMask
            name = name[0..<name.count - 2]
        }
        var value = try chosen(name, arguments, &automatic, line)
        switch conversion {
        case nil: break
        case 0x73: value = .string(try text(of: value))
        case 0x72: value = .string(try representation(of: value))
        case 0x61: value = .string(try representation(of: value).asciiOnly)
        default: throw failure("an unknown conversion in a format", line)
        }
        let text =
            colon < field.count
            ? try fields(field[colon + 1..<field.count], arguments, &automatic, depth: depth + 1, line) : Text()
        let written = try formatted(value, specification: text, line)
        guard isMarkup else { return written }
        if case .string(let text) = value, text.isMarkup { return written }
        return written.plain.escaped
    }

    /// The value that a field names: `0`, `name`, `name.attribute`, `name[key]`.
    private func chosen(
        _ name: Text,
        _ arguments: CallArguments,
        _ automatic: inout Int,
        _ line: Int
    ) throws(TokenizerError) -> Value {
        let path = name.string
        let first = String(path.prefix { $0 != "." && $0 != "[" })
        var rest = path.dropFirst(first.count)
        var found: Value?
        if first.isEmpty {
            found = automatic < arguments.positional.count ? arguments.positional[automatic] : nil
            automatic += 1
        } else if let position = Int(first) {
            found = arguments.positional.indices.contains(position) ? arguments.positional[position] : nil
        } else {
            found = arguments.named.first { $0.name == first }?.value
        }
        guard var value = found else { throw failure("the format's '\(first)' is missing", line) }
        while let mark = rest.popFirst() {
            if mark == "." {
                let step = String(rest.prefix { $0 != "." && $0 != "[" })
                rest = rest.dropFirst(step.count)
                value = try attribute(step, Text(step), of: value, line)
            } else {
                let step = String(rest.prefix { $0 != "]" })
                rest = rest.dropFirst(step.count + 1)
                value = try item(Int(step).map { .int($0) } ?? .text(step), of: value, line)
            }
        }
        return value
    }

    /// `format(value, specification)`.
    private func formatted(_ value: Value, specification text: Text, _ line: Int) throws(TokenizerError) -> Text {
        if text.isEmpty { return try self.text(of: value) }
        guard let specification = FormatSpecification(text) else {
            throw failure("'\(text.string)' is not a format specification", line)
        }
        try charge(specification)
        switch value {
        case .string(let string) where [nil, "s"].contains(specification.type) && specification.sign == nil:
            guard specification.alignment != .afterSign || specification.isZeroFilled else { break }
            var padding = specification
            if padding.alignment == .afterSign { padding.alignment = .left }
            return padding.padded(string[0..<min(specification.precision ?? .max, string.count)], default: .left)
        case .double(let number): if let text = specification.text(number) { return text }
        case .int, .bool:
            guard specification.precision == nil || specification.type.map({ "eEfFgG%".contains($0) }) ?? false else {
                break
            }
            if let text = int(value).flatMap(specification.text) { return text }
        default: break
        }
        throw failure("\(value.kind) cannot be written in the format '\(text.string)'", line)
    }
}

extension Text {
    /// The text with escapes in place of characters beyond ASCII.
    fileprivate var asciiOnly: Text {
        var result = Text(units: [], isMarkup: isMarkup)
        for unit in units {
            let value = unit & Self.scalarMask
            if value < 0x80 {
                result.append(unit: unit)
            } else {
                let (mark, width) = value < 0x100 ? ("x", 2) : value < 0x10000 ? ("u", 4) : ("U", 8)
                let digits = String(value, radix: 16)
                result.append(
                    "\\" + mark + String(repeating: "0", count: width - digits.count) + digits,
                    inPlaceOf: unit
                )
            }
        }
        return result
    }
}
