import Tokenizers

/// What each keyword of a schema is to the compiler.
enum SchemaKeywords {
    /// Say nothing about which values are valid: JSON Schema's own, and those that OpenAPI and tools' descriptions add.
    static let annotations: Set<String> = [
        "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment",
        "$schema", "$defs", "definitions", "contentMediaType", "contentEncoding", "contentSchema",
        "discriminator", "externalDocs", "xml", "strict", "propertyOrdering", "enumNames", "enumDescriptions",
        "markdownDescription",
    ]

    /// The types whose values a keyword speaks of.
    static let types: [String: [String]] = [
        "properties": ["object"], "required": ["object"], "additionalProperties": ["object"],
        "items": ["array"], "prefixItems": ["array"], "minItems": ["array"], "maxItems": ["array"],
        "uniqueItems": ["array"],
        "minLength": ["string"], "maxLength": ["string"], "pattern": ["string"], "format": ["string"],
        "minimum": ["number"], "maximum": ["number"], "exclusiveMinimum": ["number"], "exclusiveMaximum": ["number"],
        "multipleOf": ["number"],
    ]

    /// Speak of values of every type.
    static let general: Set<String> = ["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "nullable"]

    static let allTypes = ["object", "array", "string", "number", "integer", "boolean", "null"]

    static func isAnnotation(_ keyword: String) -> Bool {
        annotations.contains(keyword) || keyword.hasPrefix("x-")
    }

    /// A format is held where it is known, and else says nothing of which values are valid.
    private static func isUnknownFormat(_ keyword: String, _ value: JSONValue) -> Bool {
        keyword == "format" && value.string.flatMap { StringFormats.patterns[$0] } == nil
    }

    /// Throws `.unsupported` for a keyword that is not known: leaving it out would change what is valid.
    static func check(_ schema: JSONObject, at path: SchemaPath) throws(GrammarError) {
        for keyword in schema.keys where !isAnnotation(keyword) && types[keyword] == nil && !general.contains(keyword) {
            // The schema's own name matters to references from elsewhere alone.
            if keyword == "$id", path.isRoot { continue }
            throw GrammarError(
                .unsupported,
                path,
                "the keyword '\(keyword.prefix(100))' is not supported",
                keyword: keyword
            )
        }
    }

    /// The schema without what is said in other words or says nothing.
    static func assertions(of schema: JSONObject, without keywords: Set<String> = []) -> JSONObject {
        var rest = JSONObject()
        for (keyword, value) in zip(schema.keys, schema.values)
        where !isAnnotation(keyword) && keyword != "$id" && !keywords.contains(keyword)
            && !isUnknownFormat(keyword, value)
        {
            rest[keyword] = value
        }
        return rest
    }
}
