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
    ]

    /// Speak of values of every type.
    static let general: Set<String> = ["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "nullable"]

    static let allTypes = ["object", "array", "string", "number", "integer", "boolean", "null"]

    static func isAnnotation(_ keyword: String) -> Bool {
        annotations.contains(keyword) || keyword.hasPrefix("x-")
    }

    /// Throws `.unsupported` for a keyword that is not known: leaving it out would change what is valid.
    static func check(_ schema: JSONObject, at path: String) throws(GrammarError) {
        for keyword in schema.keys where !isAnnotation(keyword) && types[keyword] == nil && !general.contains(keyword) {
            // The schema's own name matters to references from elsewhere alone.
            if keyword == "$id", path == SchemaPath.root { continue }
            throw GrammarError(.unsupported, path, "the keyword '\(keyword)' is not supported")
        }
    }

    /// The schema without what is said in other words or says nothing.
    static func assertions(of schema: JSONObject, without keywords: Set<String> = []) -> JSONObject {
        var rest = JSONObject()
        for (keyword, value) in zip(schema.keys, schema.values)
        where !isAnnotation(keyword) && keyword != "$id" && !keywords.contains(keyword) {
            rest[keyword] = value
        }
        return rest
    }
}

/// Places in a schema, as JSON pointers behind `#`.
enum SchemaPath {
    static let root = "#"

    static func child(_ path: String, _ keys: String...) -> String {
        keys.reduce(path) { $0 + "/" + $1.replacing("~", with: "~0").replacing("/", with: "~1") }
    }

    /// The value that a pointer leads to; nil when it leads nowhere.
    static func resolve(_ pointer: String, in root: JSONValue) -> JSONValue? {
        guard pointer.hasPrefix("#") else { return nil }
        var value = root
        for part in pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let key = unescape(part)
            switch value {
            case .object(let object):
                guard let member = object[key] else { return nil }
                value = member
            case .array(let elements):
                guard let index = Int(key), elements.indices.contains(index) else { return nil }
                value = elements[index]
            default: return nil
            }
        }
        return pointer == "#" || pointer.hasPrefix("#/") ? value : nil
    }

    /// Percent and tilde escapes resolved.
    private static func unescape(_ part: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = part.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(Substring(rest.prefix(2))), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self).replacing("~1", with: "/").replacing("~0", with: "~")
    }
}
