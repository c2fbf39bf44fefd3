import Tokenizers

/// Arrays: the elements of `prefixItems`, then those of `items`.
extension SchemaCompiler {
    mutating func array(_ schema: JSONObject, at path: SchemaPath, then next: Int) throws(GrammarError) -> Int {
        if schema["items"]?.array != nil {
            throw GrammarError(.unsupported, path, "a list in 'items': write it as 'prefixItems'", keyword: "items")
        }
        let first = try prefix(schema, at: path)
        let (least, most) = try bounds(schema, "minItems", "maxItems", at: path)
        if schema["uniqueItems"] == true, most > 1 {
            return try distinct(schema, first, least, most, at: path, then: next)
        }
        // A schema that lists its first elements and says nothing about others has others only where it needs them.
        let items = schema["items"] ?? .bool(first.isEmpty || least > first.count)
        let place = SchemaPath.child(path, "items")
        if first.isEmpty, items != false {
            return list(of: try entry(of: items, at: place), least, most, then: next)
        }
        let close = builder.literal("]", then: next)
        var following = close
        if items != false, most > first.count {
            let element = builder.call(
                try entry(of: items, at: place),
                then: builder.whitespace(then: GrammarBuilder.end)
            )
            let body = builder.literal(",", then: builder.whitespace(then: element))
            following = builder.add(
                .repetition(
                    body: body,
                    least: max(0, least - first.count),
                    most: most == .max ? .max : most - first.count,
                    next: close
                )
            )
        } else if least > first.count {
            following = builder.choice([])
        }
        var begin = builder.choice([])
        for index in first.indices.reversed() {
            let isAllowed = index < most
            if isAllowed {
                let place = SchemaPath.child(path, "prefixItems", String(index))
                begin = try value(first[index], at: place, then: builder.whitespace(then: following))
            } else {
                begin = builder.choice([])
            }
            guard index > 0 else { break }
            let comma = builder.literal(",", then: builder.whitespace(then: begin))
            following = builder.choice((isAllowed ? [comma] : []) + (index >= least ? [close] : []))
        }
        let content = builder.choice((first.isEmpty ? [] : [begin]) + (least == 0 ? [close] : []))
        return builder.literal("[", then: builder.whitespace(then: content))
    }

    /// An array of `least` to `most` values that begin at a node and end on their own.
    mutating func list(of element: Int, _ least: Int, _ most: Int, then next: Int) -> Int {
        let close = builder.literal("]", then: next)
        let end = builder.whitespace(then: GrammarBuilder.end)
        let body = builder.literal(",", then: builder.whitespace(then: builder.call(element, then: end)))
        let following = builder.add(
            .repetition(body: body, least: max(0, least - 1), most: most == .max ? .max : max(0, most - 1), next: close)
        )
        let first = builder.call(element, then: builder.whitespace(then: following))
        let content = builder.choice((most > 0 ? [first] : []) + (least == 0 ? [close] : []))
        return builder.literal("[", then: builder.whitespace(then: content))
    }

    private func prefix(_ schema: JSONObject, at path: SchemaPath) throws(GrammarError) -> [JSONValue] {
        guard let list = schema["prefixItems"] else { return [] }
        guard let schemas = list.array, !schemas.isEmpty else {
            throw GrammarError(.invalidSchema, path, "'prefixItems' is a list of at least one schema")
        }
        return schemas
    }

    /// Two bounds of a length, the largest number where there is no upper one.
    func bounds(
        _ schema: JSONObject,
        _ lower: String,
        _ upper: String,
        at path: SchemaPath
    ) throws(GrammarError) -> (least: Int, most: Int) {
        func bound(_ keyword: String) throws(GrammarError) -> Int? {
            guard let value = schema[keyword] else { return nil }
            let number =
                switch value {
                case .int(let number): number
                case .double(let number): Int(exactly: number) ?? -1
                default: -1
                }
            guard number >= 0 else {
                throw GrammarError(.invalidSchema, path, "'\(keyword)' is a whole number of at least 0")
            }
            // Nothing that a model writes comes near this.
            return min(number, Int(Int32.max) - 1)
        }
        let (least, most) = (try bound(lower) ?? 0, try bound(upper) ?? .max)
        guard least <= most else {
            throw GrammarError(.unsatisfiable, path, "'\(lower)' is larger than '\(upper)'")
        }
        return (least, most)
    }
}
