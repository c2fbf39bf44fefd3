import Tokenizers

/// Strings, numbers and constants.
extension SchemaCompiler {
    /// The largest magnitude of a bound of a number that need not be whole.
    private static let largestBound = 1_000_000_000

    mutating func string(_ schema: JSONObject, at path: String, then next: Int) throws(GrammarError) -> Int {
        let (least, most) = try bounds(schema, "minLength", "maxLength", at: path)
        guard let (pattern, place) = try pattern(schema, at: path) else {
            return builder.word(.string, least: least, most: most, then: next)
        }
        let automaton = try automaton("\(least) \(most) \(pattern)") { (budget) throws(GrammarError) in
            let expression = try PatternParser.parse(pattern, at: place)
            let automaton = try expression.automaton(inString: true, at: place, &budget)
            return least > 0 || most < .max ? try automaton?.strings(least...most, at: place, &budget) : automaton
        }
        return automaton.map { builder.word($0, then: next) } ?? builder.choice([])
    }

    private func pattern(_ schema: JSONObject, at path: String) throws(GrammarError) -> (String, String)? {
        if let format = schema["format"] {
            guard let name = format.string, let pattern = StringFormats.patterns[name] else {
                let known = StringFormats.patterns.keys.sorted().joined(separator: ", ")
                throw GrammarError(
                    .unsupported,
                    path,
                    "the 'format' \(format.json) is not supported; there are \(known)"
                )
            }
            guard schema["pattern"] == nil else {
                throw GrammarError(
                    .unsupported,
                    path,
                    "'pattern' and 'format' together are not supported: leave one out"
                )
            }
            return (pattern, SchemaPath.child(path, "format"))
        }
        guard let pattern = schema["pattern"] else { return nil }
        guard let text = pattern.string else { throw GrammarError(.invalidSchema, path, "'pattern' is a string") }
        return (text, SchemaPath.child(path, "pattern"))
    }

    // MARK: Numbers

    mutating func number(
        _ schema: JSONObject,
        isWhole: Bool,
        at path: String,
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
        if low == nil, high == nil {
            return try number(isWhole ? .anyInteger : .anyNumber, isWhole ? "integer" : "number", at: path, then: next)
        }
        if isWhole {
            guard let range = wholeRange(low, high) else { return builder.choice([]) }
            return try number(.integers(range), "integer in \(range)", at: path, then: next)
        }
        for bound in [low, high] {
            guard let bound else { continue }
            guard bound.value.rounded() == bound.value, abs(bound.value) <= Double(Self.largestBound) else {
                throw GrammarError(
                    .unsupported,
                    path,
                    "the bound \(bound.value) of a number: only whole ones up to \(Self.largestBound) are supported"
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
            at: path,
            then: next
        )
    }

    mutating func number(
        _ expression: RegularExpression,
        _ description: String,
        at path: String,
        then next: Int
    ) throws(GrammarError) -> Int {
        let automaton = try automaton(description) { (budget) throws(GrammarError) in
            try expression.automaton(inString: false, at: path, &budget)
        }
        return automaton.map { builder.word($0, then: next) } ?? builder.choice([])
    }

    private func bound(_ schema: JSONObject, _ keyword: String, at path: String) throws(GrammarError) -> Double? {
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

    mutating func constants(_ schema: JSONObject, at path: String, then next: Int) throws(GrammarError) -> Int {
        var values = schema["const"].map { [$0] }
        if let list = schema["enum"] {
            guard let all = list.array, !all.isEmpty else {
                throw GrammarError(.invalidSchema, path, "'enum' is a list of at least one value")
            }
            values = values?.filter(all.contains) ?? all
        }
        let others = schema.keys.filter { !["type", "enum", "const"].contains($0) }
        if let keyword = others.first {
            throw GrammarError(
                .unsupported,
                path,
                "'\(keyword)' beside 'enum' or 'const' is not supported: leave one out"
            )
        }
        if schema["type"] != nil {
            let types = try self.types(of: schema, at: path)
            values = values?.filter { value in types.contains { value.isOf(type: $0) } }
        }
        for value in values ?? [] where !value.isFinite {
            throw GrammarError(.invalidSchema, path, "'enum' and 'const' have numbers that JSON cannot write")
        }
        var (texts, nodes): ([String], [Int]) = ([], [])
        for value in values ?? [] {
            if value.array == nil, value.object == nil {
                texts.append(value.json)
            } else {
                nodes.append(try constant(value, at: path, then: next))
            }
        }
        try budget.spend(texts.reduce(0) { $0 + $1.utf8.count } * CompileBudget.state / 4, at: path)
        return builder.choice(nodes + (texts.isEmpty ? [] : [builder.word(.words(texts), then: next)]))
    }

    /// One array, object or other value, with any white space in it.
    private mutating func constant(_ value: JSONValue, at path: String, then next: Int) throws(GrammarError) -> Int {
        try budget.spend(CompileBudget.state, at: path)
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
        at path: String,
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
