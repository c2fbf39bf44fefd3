import Tokenizers

/// Objects: members in the order of `properties`, then additional ones.
extension SchemaCompiler {
    static let mostProperties = 1_000
    /// How deep values may be nested of which a schema says nothing.
    static let deepestAny = 16

    private struct Member {
        var name: String
        var schema: JSONValue
        var path: SchemaPath
        var isRequired: Bool
    }

    mutating func object(_ schema: JSONObject, at path: SchemaPath, then next: Int) throws(GrammarError) -> Int {
        let additional = schema["additionalProperties"] ?? .bool(schema["properties"] == nil)
        let members = try members(schema, additional, at: path)
        let close = builder.literal("}", then: next)
        var (first, following) = try additionalMembers(additional, besides: members, at: path, close)
        let lastRequired = members.lastIndex(where: \.isRequired) ?? -1
        // From the last to the first: what may begin with member i, after nothing or after a comma.
        for index in members.indices.reversed() {
            let member = members[index]
            let value = try value(member.schema, at: member.path, then: builder.whitespace(then: following))
            let name = JSONValue.string(member.name).json
            let pair = try literal("\(name):", at: member.path, then: builder.whitespace(then: value))
            first = member.isRequired ? pair : builder.choice([pair, first])
            let mayClose = index > lastRequired
            let comma = builder.literal(",", then: builder.whitespace(then: first))
            following = builder.choice(mayClose ? [comma, close] : [comma])
        }
        let mayBeEmpty = lastRequired < 0
        return builder.literal(
            "{",
            then: builder.whitespace(then: builder.choice(mayBeEmpty ? [first, close] : [first]))
        )
    }

    private func members(
        _ schema: JSONObject,
        _ additional: JSONValue,
        at path: SchemaPath
    ) throws(GrammarError) -> [Member] {
        guard let properties = (schema["properties"] ?? .object(JSONObject())).object else {
            throw GrammarError(.invalidSchema, path, "'properties' is an object")
        }
        guard let listed = (schema["required"] ?? []).array, listed.allSatisfy({ $0.string != nil }) else {
            throw GrammarError(.invalidSchema, path, "'required' is a list of strings")
        }
        let required = Set(listed)
        var members: [Member] = []
        for (name, schema) in zip(properties.keys, properties.values) {
            members.append(
                Member(
                    name: name,
                    schema: schema,
                    path: SchemaPath.child(path, "properties", name),
                    isRequired: required.contains(.string(name))
                )
            )
        }
        var seen = JSONObject()
        for name in listed.compactMap(\.string) where properties[name] == nil && seen[name] == nil {
            seen[name] = true
            let place = SchemaPath.child(path, "additionalProperties")
            let isAllowed = schema["additionalProperties"] != nil
            members.append(
                Member(name: name, schema: isAllowed ? additional : true, path: place, isRequired: true)
            )
        }
        guard members.count <= Self.mostProperties else {
            throw GrammarError(.tooLarge, path, "an object has more than \(Self.mostProperties) properties")
        }
        return members
    }

    /// What may begin with an additional member, after nothing and after a member.
    private mutating func additionalMembers(
        _ schema: JSONValue,
        besides members: [Member],
        at path: SchemaPath,
        _ close: Int
    ) throws(GrammarError) -> (first: Int, following: Int) {
        guard schema != false else { return (builder.choice([]), close) }
        let place = SchemaPath.child(path, "additionalProperties")
        let value = schema == true ? try anyEntry(at: path) : try entry(of: schema, at: place)
        var key = Automaton.string
        if !members.isEmpty {
            let names = members.map { JSONValue.string($0.name).json }
            let other = try Automaton.plainString.excluding(names, at: path, &budget)
            guard let other else { return (builder.choice([]), close) }
            key = other
        }
        return anyMembers(key, value, close)
    }

    private mutating func anyMembers(_ key: Automaton, _ value: Int, _ close: Int) -> (first: Int, following: Int) {
        let body = builder.literal(
            ",",
            then: builder.whitespace(then: pair(key, value, then: builder.whitespace(then: GrammarBuilder.end)))
        )
        let following = builder.add(.repetition(body: body, least: 0, most: .max, next: close))
        return (pair(key, value, then: builder.whitespace(then: following)), following)
    }

    private mutating func pair(_ key: Automaton, _ value: Int, then next: Int) -> Int {
        let value = builder.whitespace(then: builder.call(value, then: next))
        return builder.word(key, then: builder.literal(":", then: value))
    }

    // MARK: Any value

    /// Any JSON value.
    mutating func anyValue(at path: SchemaPath, then next: Int) throws(GrammarError) -> Int {
        builder.call(try anyEntry(at: path), then: next)
    }

    /// Built level by level, from values that have neither objects nor arrays in them.
    private mutating func anyEntry(at path: SchemaPath) throws(GrammarError) -> Int {
        if let anyEntry { return anyEntry }
        let end = GrammarBuilder.end
        let scalars = [
            builder.word(.string, then: end), try number(.anyNumber, "number", at: path, then: end),
            builder.word(.words(["true", "false", "null"]), then: end),
        ]
        var level = builder.choice(scalars)
        for _ in 0..<Self.deepestAny {
            let close = builder.literal("}", then: end)
            let members = builder.choice([anyMembers(.string, level, close).first, close])
            let object = builder.literal("{", then: builder.whitespace(then: members))
            level = builder.choice(scalars + [object, list(of: level, 0, .max, then: end)])
        }
        anyEntry = level
        return level
    }
}
