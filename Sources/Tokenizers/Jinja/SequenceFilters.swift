/// Filters of lists, mappings and whatever else can be gone through.
extension Renderer {
    /// Nil for a filter of another kind.
    func sequenceFilter(
        _ name: String,
        _ value: Value,
        _ arguments: CallArguments,
        _ line: Int
    ) throws(TokenizerError) -> Value? {
        func items() throws(TokenizerError) -> [Value] { try self.items(of: value, line: line) }
        switch name {
        case "list": return try list(try items())
        case "first": return try items().first ?? .undefined(what: "there is no first item")
        case "last":
            if case .generator = value { throw failure("a generator has no last item: make it a list", line) }
            return try items().last ?? .undefined(what: "there is no last item")
        case "random": return try items().randomElement() ?? .undefined(what: "there is no item to choose")
        case "reverse":
            if case .string(let text) = value { return try string(text.reversed) }
            return try generator(try items().reversed())
        case "join":
            var values = try items()
            if let attribute = arguments.value(1, "attribute"), !attribute.isNone {
                values = try pick(attribute, from: values, line)
            }
            return .string(try joined(values, try text(of: arguments.value(0, "d") ?? .text(""))))
        case "items":
            if value.isUndefined { return try generator([]) }
            guard case .dictionary = value else { throw failure("'items' needs a mapping, not \(value.kind)", line) }
            return try generator(
                try self.items(of: try call(method: "items", of: value, CallArguments(), line), line: line)
            )
        case "dictsort": return try sortedEntries(value, arguments, line)
        case "sort":
            let values = try items()
            let keys = try keys(of: values, arguments.value(2, "attribute"), arguments.value(1, "case_sensitive"), line)
            let order = try order(of: keys, line, isReversed: arguments.value(0, "reverse")?.isTrue ?? false)
            return try list(order.map { values[$0] })
        case "unique": return try unique(try items(), arguments, line)
        case "min", "max":
            let values = try items()
            let keys = try keys(of: values, arguments.value(1, "attribute"), arguments.value(0, "case_sensitive"), line)
            guard var best = keys.indices.first else { return .undefined(what: "the sequence was empty") }
            for index in keys.indices {
                let isBetter =
                    name == "min"
                    ? try precedes(keys[index], keys[best], line) : try precedes(keys[best], keys[index], line)
                if isBetter { best = index }
            }
            return values[best]
        case "sum":
            var values = try items()
            if let attribute = arguments.value(0, "attribute"), !attribute.isNone {
                values = try pick(attribute, from: values, line)
            }
            var total = arguments.value(1, "start") ?? .int(0)
            if case .string = total { throw failure("'sum' does not add texts: use 'join'", line) }
            for value in values { total = try arithmetic("+", total, value, line) }
            return total
        case "batch", "slice": return try parts(name, try items(), arguments, line)
        case "groupby": return try groups(try items(), arguments, line)
        case "map": return try mapped(try items(), arguments, line)
        case "select", "reject", "selectattr", "rejectattr": return try selected(try items(), name, arguments, line)
        default: return nil
        }
    }

    func joined(_ items: [Value], _ separator: Text) throws(TokenizerError) -> Text {
        var result = Text()
        for (index, item) in items.enumerated() {
            let text = try text(of: item)
            guard result.count + text.count + separator.count <= Work.longestText else {
                throw TokenizerError(
                    .limitExceeded,
                    "chat template: a text of more than \(Work.longestText) characters"
                )
            }
            try work.charge(text: text.count + separator.count)
            if index > 0 { result.append(autoescape ? separator.escaped : separator) }
            result.append(autoescape ? text.escaped : text)
        }
        result.isMarkup = autoescape
        return result
    }

    // MARK: Attributes

    /// One attribute of each item; "a.b" goes two steps, and a number is a position.
    func pick(
        _ attribute: Value,
        from items: [Value],
        default standard: Value? = nil,
        _ line: Int
    ) throws(TokenizerError) -> [Value] {
        var steps: [Value] = [attribute]
        if case .string(let path) = attribute {
            steps = path.split(by: ".").map { step in Int(step.string).map { .int($0) } ?? .string(step) }
        }
        var result: [Value] = []
        for item in items {
            try work.charge(steps.count)
            var value = item
            for step in steps {
                value = try self.item(step, of: value, line)
                if value.isUndefined, let standard { value = standard }
            }
            result.append(value)
        }
        return result
    }

    /// What items are compared by: themselves or an attribute, in lower case unless that matters.
    private func keys(
        of items: [Value],
        _ attribute: Value?,
        _ caseSensitive: Value?,
        _ line: Int
    ) throws(TokenizerError) -> [Value] {
        func folded(_ values: [Value]) throws(TokenizerError) -> [Value] {
            if caseSensitive?.isTrue ?? false { return values }
            var result: [Value] = []
            for value in values {
                guard case .string(let text) = value else {
                    result.append(value)
                    continue
                }
                result.append(try string(text.lower))
            }
            return result
        }
        guard let attribute, !attribute.isNone else { return try folded(items) }
        guard case .string(let path) = attribute, path.contains(",") else {
            return try folded(try pick(attribute, from: items, line))
        }
        // Several attributes, in the order of their weight.
        var columns: [[Value]] = []
        for part in path.split(by: ",") { columns.append(try folded(try pick(.string(part), from: items, line))) }
        return items.indices.map { index in .list(ValueList(columns.map { $0[index] })) }
    }

    /// The places of items in ascending order of their keys; equal ones keep their order.
    ///
    /// A merge sort of our own, because the comparison may throw a typed error.
    func order(of keys: [Value], _ line: Int, isReversed: Bool = false) throws(TokenizerError) -> [Int] {
        func sort(_ range: Range<Int>) throws(TokenizerError) -> [Int] {
            guard range.count > 1 else { return Array(range) }
            let middle = range.lowerBound + range.count / 2
            let left = try sort(range.lowerBound..<middle)
            let right = try sort(middle..<range.upperBound)
            var merged: [Int] = []
            var (first, second) = (0, 0)
            while first < left.count && second < right.count {
                let (one, other) = (keys[left[first]], keys[right[second]])
                if isReversed ? try precedes(one, other, line) : try precedes(other, one, line) {
                    merged.append(right[second])
                    second += 1
                } else {
                    merged.append(left[first])
                    first += 1
                }
            }
            return merged + left[first...] + right[second...]
        }
        return try sort(0..<keys.count)
    }

    private func sortedEntries(
        _ value: Value,
        _ arguments: CallArguments,
        _ line: Int
    ) throws(TokenizerError) -> Value {
        guard case .dictionary(let dictionary) = value else { throw failure("'dictsort' needs a mapping", line) }
        let by = try text(of: arguments.value(1, "by") ?? .text("key")).string
        guard by == "key" || by == "value" else { throw failure("'dictsort' sorts by key or value", line) }
        let fields = dictionary.fields
        let keys = try keys(
            of: by == "key" ? fields.keys : fields.values,
            nil,
            arguments.value(0, "case_sensitive"),
            line
        )
        let order = try order(of: keys, line, isReversed: arguments.value(2, "reverse")?.isTrue ?? false)
        var entries: [Value] = []
        for index in order { entries.append(try list([fields.keys[index], fields.values[index]], kind: .tuple)) }
        return try list(entries)
    }

    private func unique(
        _ items: [Value],
        _ arguments: CallArguments,
        _ line: Int
    ) throws(TokenizerError) -> Value {
        let keys = try keys(of: items, arguments.value(1, "attribute"), arguments.value(0, "case_sensitive"), line)
        var seen: Set<ValueFields.Key> = []
        var kept: [Value] = []
        for (item, key) in zip(items, keys) where seen.insert(try hashed(key, line)).inserted { kept.append(item) }
        return try generator(kept)
    }

    // MARK: Parts

    private func parts(
        _ name: String,
        _ items: [Value],
        _ arguments: CallArguments,
        _ line: Int
    ) throws(TokenizerError) -> Value {
        let parameter = name == "batch" ? "linecount" : "slices"
        guard let given = arguments.value(0, parameter) else { throw failure("'\(name)' needs a number", line) }
        let size = try whole(given, parameter, line)
        let fill = arguments.value(1, "fill_with").flatMap { $0.isNone ? nil : $0 }
        guard size > 0 else { throw failure("'\(name)' needs a positive number", line) }
        var parts: [Value] = []
        if name == "batch" {
            var start = 0
            while start < items.count {
                var part = Array(items[start..<min(start + size, items.count)])
                if let fill, part.count < size {
                    try work.charge(size)
                    part += Array(repeating: fill, count: size - part.count)
                }
                parts.append(try list(part))
                start += size
            }
            return try generator(parts)
        }
        try work.charge(size)
        let (length, longer) = (items.count / size, items.count % size)
        var start = 0
        for number in 0..<size {
            let end = start + length + (number < longer ? 1 : 0)
            var part = Array(items[start..<end])
            if let fill, number >= longer { part.append(fill) }
            parts.append(try list(part))
            start = end
        }
        return try generator(parts)
    }

    private func groups(
        _ items: [Value],
        _ arguments: CallArguments,
        _ line: Int
    ) throws(TokenizerError) -> Value {
        guard let attribute = arguments.value(0, "attribute") else {
            throw failure("'groupby' needs an attribute", line)
        }
        let names = try pick(attribute, from: items, default: arguments.value(1, "default"), line)
        let keys = try keys(of: names, nil, arguments.value(2, "case_sensitive"), line)
        var groups: [(place: Int, items: [Value])] = []
        for index in try order(of: keys, line) {
            if let last = groups.last, try equals(keys[last.place], keys[index]) {
                groups[groups.count - 1].items.append(items[index])
            } else {
                groups.append((index, [items[index]]))
            }
        }
        var result: [Value] = []
        for group in groups { result.append(try list([names[group.place], try list(group.items)], kind: .group)) }
        return try list(result)
    }

    // MARK: Filters and tests by name

    /// `map(attribute="name", default=...)` or `map("filter", arguments...)`.
    private func mapped(_ items: [Value], _ arguments: CallArguments, _ line: Int) throws(TokenizerError) -> Value {
        if arguments.positional.isEmpty, let attribute = arguments.value(.max, "attribute") {
            if let other = arguments.named.first(where: { !["attribute", "default"].contains($0.name) }) {
                throw failure("'map' has no parameter '\(other.name)'", line)
            }
            let standard = arguments.value(.max, "default").flatMap { $0.isNone ? nil : $0 }
            return try generator(try pick(attribute, from: items, default: standard, line))
        }
        guard case .string(let filter)? = arguments.positional.first else {
            throw failure("'map' needs an attribute or the name of a filter", line)
        }
        var rest = arguments
        rest.positional.removeFirst()
        let name = filter.string
        var result: [Value] = []
        for item in items { result.append(try apply(name, to: item, rest, line: line)) }
        return try generator(result)
    }

    private func selected(
        _ items: [Value],
        _ name: String,
        _ arguments: CallArguments,
        _ line: Int
    ) throws(TokenizerError) -> Value {
        var rest = arguments
        var candidates = items
        if name.hasSuffix("attr") {
            guard let attribute = rest.positional.first else { throw failure("'\(name)' needs an attribute", line) }
            candidates = try pick(attribute, from: items, line)
            rest.positional.removeFirst()
        }
        var testName: String?
        if let found = rest.positional.first {
            guard case .string(let text) = found else { throw failure("'\(name)' needs the name of a test", line) }
            testName = text.string
            rest.positional.removeFirst()
        }
        let isSelecting = name.hasPrefix("select")
        var result: [Value] = []
        for (item, candidate) in zip(items, candidates) {
            let passes = try testName.map { (test) throws(TokenizerError) in
                try self.test(test, candidate, rest, line: line)
            }
            if (passes ?? candidate.isTrue) == isSelecting { result.append(item) }
        }
        return try generator(result)
    }
}
