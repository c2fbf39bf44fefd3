import Tokenizers

/// Strings, numbers and constants.
extension SchemaCompiler {
    /// The largest magnitude of a bound of a number that need not be whole.
    private static let largestBound = 1_000_000_000

    mutating func string(_ schema: JSONObject, at path: SchemaPath, then next: Int) throws(GrammarError) -> Int {
        let (least, most) = try bounds(schema, "minLength", "maxLength", at: path)
        var patterns: [(text: String, place: SchemaPath)] = []
        if let pattern = schema["pattern"] {
            guard let text = pattern.string else { throw GrammarError(.invalidSchema, path, "'pattern' is a string") }
            patterns.append((text, SchemaPath.child(path, "pattern")))
        }
        if let format = schema["format"]?.string, let text = StringFormats.patterns[format] {
            patterns.append((text, SchemaPath.child(path, "format")))
        }
        guard !patterns.isEmpty else { return builder.word(.string, least: least, most: most, then: next) }
        let description = "\(least) \(most) \(patterns.map(\.text).joined(separator: "\u{0} "))"
        let automaton = try automaton(description) { (budget) throws(GrammarError) in
            var whole: Automaton?
            for (text, place) in patterns {
                try budget.spend(text.utf8.count * CompileBudget.edge, at: place)
                try budget.take(text.utf8.count * 64, at: place)
                let pattern = try PatternParser.parse(text, at: place)
                guard let part = try pattern.automaton(inString: true, at: place, &budget) else { return nil }
                whole =
                    try whole.map { (whole) throws(GrammarError) in
                        try whole.intersection(part, isNegative: false, at: place, &budget)
                    } ?? part
            }
            return least > 0 || most < .max ? try whole?.strings(least...most, at: path, &budget) : whole
        }
        return automaton.map { builder.word($0, then: next) } ?? builder.choice([])
    }

    // MARK: Numbers

    mutating func number(
        _ schema: JSONObject,
        isWhole: Bool,
        at path: SchemaPath,
        then next: Int
    ) throws(GrammarError) -> Int {
        var low: (value: Double, isExcluded: Bool)?
        var high: (value: Double, isExcluded: Bool)?
        for keyword in ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"] {
            guard let value = try bound(schema, keyword, at: path) else { continue }
            let isExcluded = keyword.hasPrefix("exclusive")
            if keyword.hasSuffix("inimum") {
                if value >= low?.value ?? -.infinity { low = (value, isExcluded) }
            } else {
                if value <= high?.value ?? .infinity { high = (value, isExcluded) }
            }
        }
        let step = try DecimalStep(schema, at: path)
        if low == nil, high == nil {
            let name = isWhole ? "integer" : "number"
            return try number(isWhole ? .anyInteger : .anyNumber, name, step, at: path, then: next)
        }
        if isWhole {
            guard let range = wholeRange(low, high) else { return builder.choice([]) }
            return try number(.integers(range), "integer in \(range)", step, at: path, then: next)
        }
        for (bound, names) in [(low, ["minimum", "exclusiveMinimum"]), (high, ["maximum", "exclusiveMaximum"])] {
            guard let bound else { continue }
            guard bound.value.rounded() == bound.value, abs(bound.value) <= Double(Self.largestBound) else {
                throw GrammarError(
                    .unsupported,
                    path,
                    "the bound \(bound.value) of a number: only whole ones up to \(Self.largestBound) are supported",
                    keyword: names.first {
                        schema[$0].map { $0 == .double(bound.value) || $0 == .int(Int(exactly: bound.value) ?? 0) }
                            ?? false
                    }
                )
            }
        }
        let farthest = 100_000_000_000_000_000
        let (least, most) = (low.map { Int($0.value) } ?? -farthest, high.map { Int($0.value) } ?? farthest)
        guard least <= most else { return builder.choice([]) }
        let excluded = (low?.isExcluded ?? false, high?.isExcluded ?? false)
        return try number(
            .numbers(least...most, excludesLow: excluded.0, excludesHigh: excluded.1),
            "number in \(least)...\(most) without \(excluded)",
            step,
            at: path,
            then: next
        )
    }

    mutating func number(
        _ expression: RegularExpression,
        _ description: String,
        _ step: DecimalStep? = nil,
        at path: SchemaPath,
        then next: Int
    ) throws(GrammarError) -> Int {
        let description = description + (step.map { " in steps of \($0.count) by \($0.digits)" } ?? "")
        let automaton = try automaton(description) { (budget) throws(GrammarError) in
            let all = try expression.automaton(inString: false, at: path, &budget)
            guard let step else { return all }
            return try all?.multiples(of: step, at: path, &budget)
        }
        return automaton.map { builder.word($0, then: next) } ?? builder.choice([])
    }

    private func bound(_ schema: JSONObject, _ keyword: String, at path: SchemaPath) throws(GrammarError) -> Double? {
        switch schema[keyword] {
        case nil: return nil
        case .int(let value)?: return Double(value)
        case .double(let value)? where value.isFinite: return value
        default: throw GrammarError(.invalidSchema, path, "'\(keyword)' is a number")
        }
    }

    private func wholeRange(
        _ low: (value: Double, isExcluded: Bool)?,
        _ high: (value: Double, isExcluded: Bool)?
    ) -> ClosedRange<Int>? {
        let farthest = 999_999_999_999_999_999
        var (least, most) = (-farthest, farthest)
        if let low {
            let value = low.value.rounded(.up)
            guard value <= Double(farthest) else { return nil }
            least = max(-farthest, Int(max(value, -1e18)) + (low.isExcluded && value == low.value ? 1 : 0))
        }
        if let high {
            let value = high.value.rounded(.down)
            guard value >= -Double(farthest) else { return nil }
            most = min(farthest, Int(min(value, 1e18)) - (high.isExcluded && value == high.value ? 1 : 0))
        }
        return least <= most ? least...most : nil
    }

    // MARK: Constants

    mutating func constants(_ schema: JSONObject, at path: SchemaPath, then next: Int) throws(GrammarError) -> Int {
        var (texts, nodes): ([String], [Int]) = ([], [])
        for value in try constantValues(schema, at: path) {
            if value.array == nil, value.object == nil {
                texts.append(value.json)
            } else {
                nodes.append(try constant(value, at: path, then: next))
            }
        }
        guard !texts.isEmpty else { return builder.choice(nodes) }
        return builder.choice(nodes + [builder.word(try .words(texts, at: path, &budget), then: next)])
    }

    /// The values of `enum` and `const` that are of the type.
    mutating func constantValues(_ schema: JSONObject, at path: SchemaPath) throws(GrammarError) -> [JSONValue] {
        var values = schema["const"].map { [$0] }
        if let list = schema["enum"] {
            guard let all = list.array, !all.isEmpty else {
                throw GrammarError(.invalidSchema, path, "'enum' is a list of at least one value")
            }
            try budget.spend(list.weight * CompileBudget.edge, at: path)
            values = values?.filter(all.contains) ?? all
        }
        let others = schema.keys.filter { !["type", "enum", "const"].contains($0) }
        if let keyword = others.first {
            throw GrammarError(
                .unsupported,
                path,
                "'\(keyword)' beside 'enum' or 'const' is not supported: leave one out",
                keyword: keyword
            )
        }
        if schema["type"] != nil {
            let types = try self.types(of: schema, at: path)
            values = values?.filter { value in types.contains { value.isOf(type: $0) } }
        }
        for value in values ?? [] where !value.isFinite {
            throw GrammarError(.invalidSchema, path, "'enum' and 'const' have numbers that JSON cannot write")
        }
        return values ?? []
    }

    /// One array, object or other value, with any white space in it.
    mutating func constant(_ value: JSONValue, at path: SchemaPath, then next: Int) throws(GrammarError) -> Int {
        try budget.spend(CompileBudget.state, at: path)
        try budget.take(400, at: path)
        switch value {
        case .array(let elements):
            let members = try sequence(elements.map { (nil, $0) }, "]", at: path, then: next)
            return builder.literal("[", then: builder.whitespace(then: members))
        case .object(let object):
            let members = zip(object.keys, object.values).map { (Optional($0), $1) }
            let node = try sequence(members, "}", at: path, then: next)
            return builder.literal("{", then: builder.whitespace(then: node))
        default: return try literal(value.json, at: path, then: next)
        }
    }

    private mutating func sequence(
        _ members: [(key: String?, value: JSONValue)],
        _ close: String,
        at path: SchemaPath,
        then next: Int
    ) throws(GrammarError) -> Int {
        var node = builder.literal(close, then: next)
        for (index, member) in members.enumerated().reversed() {
            node = try constant(member.value, at: path, then: builder.whitespace(then: node))
            if let key = member.key {
                node = try literal("\(JSONValue.string(key).json):", at: path, then: builder.whitespace(then: node))
            }
            if index > 0 { node = builder.literal(",", then: builder.whitespace(then: node)) }
        }
        return node
    }
}

extension JSONValue {
    /// Whether a type of JSON Schema has this value.
    fileprivate func isOf(type: String) -> Bool {
        switch self {
        case .null: type == "null"
        case .bool: type == "boolean"
        case .int: type == "number" || type == "integer"
        case .double(let value): type == "number" || type == "integer" && value.rounded() == value
        case .string: type == "string"
        case .array: type == "array"
        case .object: type == "object"
        }
    }
}
