import Tokenizers

/// Arrays whose elements all differ.
///
/// They are held where there are few values to choose from, in the order in which the schema has them: so each element
/// says which ones are left. Nothing else is known of other elements than that they must be told apart afterwards.
extension SchemaCompiler {
    /// More values to choose from, times how many of them must be counted, are too many.
    private static let mostPlaces = 20_000
    private static let mostWholeNumbers = 256

    mutating func distinct(
        _ schema: JSONObject,
        _ first: [JSONValue],
        _ least: Int,
        _ most: Int,
        at path: SchemaPath,
        then next: Int
    ) throws(GrammarError) -> Int {
        guard first.isEmpty, let items = schema["items"], let values = try choices(items, at: path) else {
            throw GrammarError(
                .unsupported,
                path,
                "the keyword 'uniqueItems' is supported where 'items' has an enum, booleans or few whole numbers, and where there is at most one item",
                keyword: "uniqueItems"
            )
        }
        let close = builder.literal("]", then: next)
        // Beyond this, how many there are makes no difference.
        let cap = most >= values.count ? min(least, values.count) : most
        guard values.count * (cap + 1) <= Self.mostPlaces else {
            throw GrammarError(.tooLarge, path, "'uniqueItems' has too many values to choose from")
        }
        let place = SchemaPath.child(path, "items")
        // By how many elements came before: what may follow them, without the values that have been passed.
        var following = (0...cap).map { $0 >= least ? close : builder.choice([]) }
        var begin = least == 0 ? close : builder.choice([])
        for value in values.reversed() {
            var beforeValue = following
            // Where nothing is counted there is one place alone.
            for count in min(1, cap)...cap where count < most {
                let after = builder.whitespace(then: following[min(count + 1, cap)])
                let element = try constant(value, at: place, then: after)
                let comma = builder.literal(",", then: builder.whitespace(then: element))
                beforeValue[count] = builder.choice([comma, following[count]])
            }
            let after = builder.whitespace(then: following[min(1, cap)])
            begin = builder.choice([try constant(value, at: place, then: after), begin])
            following = beforeValue
        }
        return builder.literal("[", then: builder.whitespace(then: begin))
    }

    /// The values of a schema, each once, where it has few that are no arrays or objects; nil elsewhere.
    private mutating func choices(_ schema: JSONValue, at path: SchemaPath) throws(GrammarError) -> [JSONValue]? {
        var schema = schema
        // References to references are followed for some steps.
        for _ in 0..<8 {
            guard let reference = schema.object?["$ref"] else { break }
            schema = try resolve(reference, at: path).0
        }
        guard let object = schema.object.map({ SchemaKeywords.assertions(of: $0) }) else { return nil }
        if object["enum"] != nil || object["const"] != nil {
            guard object.keys.allSatisfy({ ["type", "enum", "const"].contains($0) }) else { return nil }
            let values = try constantValues(object, at: path)
            guard values.allSatisfy({ $0.array == nil && $0.object == nil }) else { return nil }
            var seen = Set<JSONValue>()
            return values.filter { seen.insert($0.asWhole).inserted }
        }
        switch object["type"] {
        case "boolean": return object.count == 1 ? [false, true] : nil
        case "integer":
            guard object.keys.allSatisfy({ ["type", "minimum", "maximum"].contains($0) }),
                case .int(let low)? = object["minimum"], case .int(let high)? = object["maximum"],
                low <= high, high.subtractingReportingOverflow(low).overflow == false,
                high - low < Self.mostWholeNumbers
            else { return nil }
            return (low...high).map { .int($0) }
        default: return nil
        }
    }
}

extension JSONValue {
    /// A whole number as such, however it is written.
    fileprivate var asWhole: JSONValue {
        if case .double(let value) = self, let whole = Int(exactly: value) { .int(whole) } else { self }
    }
}
