import Tokenizers

/// Two schemas as one that asks for both: for `allOf`, and for what stands beside `$ref` and `anyOf`.
struct SchemaMerging {
    /// About the bytes of a member of an object.
    private static let memberSize = 100

    let path: SchemaPath

    func merge(
        _ left: JSONValue,
        _ right: JSONValue,
        _ budget: inout CompileBudget
    ) throws(GrammarError) -> JSONValue {
        if left == .bool(true) { return right }
        if right == .bool(true) { return left }
        if left == .bool(false) || right == .bool(false) { return .bool(false) }
        guard let first = left.object, let second = right.object else {
            throw GrammarError(.invalidSchema, path, "a schema is an object or a boolean")
        }
        try budget.spend((20 + first.count + second.count) * CompileBudget.edge, at: path)
        try budget.take((first.count + second.count) * Self.memberSize, at: path)
        var (merged, right) = (try nullableAsType(first), try nullableAsType(second))
        let names = [merged, right].reduce(0) { sum, one in
            sum + (one["properties"]?.object?.count ?? 0) + (one["required"]?.array?.count ?? 0)
        }
        try budget.spend(names * CompileBudget.edge, at: path)
        try checkProperties(merged, right)
        try checkItems(merged, right)
        if let own = merged["$ref"], let other = right["$ref"], own != other {
            right["$ref"] = nil
            right["allOf"] = .array((right["allOf"]?.array ?? []) + [["$ref": other]])
        }
        for (keyword, value) in zip(right.keys, right.values) {
            try budget.spend(value.weight * CompileBudget.edge, at: path)
            guard let own = merged[keyword], own != value else {
                merged[keyword] = value
                continue
            }
            merged[keyword] = try merge(keyword, own, value, &budget)
        }
        // Nothing is valid when the parts have no value in common.
        return merged["enum"]?.array?.isEmpty == true ? .bool(false) : .object(merged)
    }

    private func merge(
        _ keyword: String,
        _ left: JSONValue,
        _ right: JSONValue,
        _ budget: inout CompileBudget
    ) throws(GrammarError) -> JSONValue {
        switch keyword {
        case _ where SchemaKeywords.isAnnotation(keyword): return left
        case "type": return types(left, right)
        case "enum":
            try budget.spend(left.weight * CompileBudget.edge, at: path)
            let allowed = Set(right.array ?? [])
            return .array((left.array ?? []).filter(allowed.contains))
        case "required":
            try budget.spend(left.weight * CompileBudget.edge, at: path)
            let known = Set(left.array ?? [])
            return .array((left.array ?? []) + (right.array ?? []).filter { !known.contains($0) })
        case "properties":
            try budget.spend((left.object?.count ?? 0) * CompileBudget.edge, at: path)
            try budget.take((left.object?.count ?? 0) * Self.memberSize, at: path)
            var merged = left.object ?? JSONObject()
            let right = right.object ?? JSONObject()
            for (name, schema) in zip(right.keys, right.values) {
                merged[name] =
                    try merged[name].map { (own) throws(GrammarError) in try merge(own, schema, &budget) } ?? schema
            }
            return .object(merged)
        case "items", "additionalProperties": return try merge(left, right, &budget)
        case "anyOf", "oneOf", "allOf":
            guard let left = left.array, let right = right.array else { break }
            if keyword == "allOf" {
                try budget.spend((left.count + right.count) * CompileBudget.edge, at: path)
                return .array(left + right)
            }
            var alternatives: [JSONValue] = []
            for one in left {
                for other in right { alternatives.append(try merge(one, other, &budget)) }
            }
            return .array(alternatives)
        case "minimum", "exclusiveMinimum", "minLength", "minItems":
            return number(left) >= number(right) ? left : right
        case "maximum", "exclusiveMaximum", "maxLength", "maxItems":
            return number(left) <= number(right) ? left : right
        case "uniqueItems": return true
        default: break
        }
        throw GrammarError(
            .unsupported,
            path,
            "schemas with different values of '\(keyword)' cannot be put together",
            keyword: keyword
        )
    }

    /// What one schema says about properties that only the other one names would have to be worked out.
    private func checkProperties(_ left: JSONObject, _ right: JSONObject) throws(GrammarError) {
        for (one, other) in [(left, right), (right, left)] {
            guard let additional = one["additionalProperties"], additional != .bool(true) else { continue }
            let own = one["properties"]?.object ?? JSONObject()
            let names =
                (other["properties"]?.object?.keys ?? []) + (other["required"]?.array ?? []).compactMap(\.string)
            guard let name = names.first(where: { own[$0] == nil }) else { continue }
            throw GrammarError(
                .unsupported,
                path,
                "'additionalProperties' speaks of the property '\(name.prefix(100))' of another part of this schema; "
                    + "name all properties in both parts",
                keyword: "additionalProperties"
            )
        }
    }

    private func checkItems(_ left: JSONObject, _ right: JSONObject) throws(GrammarError) {
        guard left["prefixItems"] != right["prefixItems"] else { return }
        for one in [left, right] where one["prefixItems"] == nil && one["items"] != nil {
            throw GrammarError(
                .unsupported,
                path,
                "'items' and 'prefixItems' of different parts cannot be put together",
                keyword: "items"
            )
        }
    }

    /// OpenAPI's `nullable` adds a type, and means nothing without one.
    func nullableAsType(_ schema: JSONObject) throws(GrammarError) -> JSONObject {
        guard let nullable = schema["nullable"] else { return schema }
        var schema = schema
        schema["nullable"] = nil
        guard nullable == true else { return schema }
        guard let type = schema["type"] else {
            throw GrammarError(
                .unsupported,
                path,
                "'nullable' needs a 'type' beside it; or use anyOf with {\"type\": \"null\"}",
                keyword: "nullable"
            )
        }
        let types = type.array ?? [type]
        schema["type"] = .array(types.contains("null") ? types : types + ["null"])
        return schema
    }

    private func types(_ left: JSONValue, _ right: JSONValue) -> JSONValue {
        func names(_ value: JSONValue) -> [JSONValue] { value.array ?? [value] }
        let allowed = names(right)
        var common: [JSONValue] = []
        for name in names(left) {
            if allowed.contains(name) {
                common.append(name)
            } else if name == "integer" && allowed.contains("number") || name == "number" && allowed.contains("integer")
            {
                common.append("integer")
            }
        }
        return .array(common)
    }

    private func number(_ value: JSONValue) -> Double {
        switch value {
        case .int(let value): Double(value)
        case .double(let value): value
        default: 0
        }
    }
}
