import TextGeneration
import Tokenizers

/// What the answer must look like, and which member says so: `response_format` and its like of other servers.
struct FormatFields: Sendable {
    /// The member to name in errors; nil when the answer is free.
    private(set) var member: String?
    private(set) var format: TextGeneration.AnswerFormat?

    private static let mostChoices = 1024
    private static let longestText = 16 << 10

    init(_ fields: RequestFields, _ route: CompletionEndpoint) throws(APIError) {
        if route == .responses {
            if let text = fields.value("text") {
                let text = try RequestFields(text, path: "text")
                try add("text.format", Self.responseFormat(text, "format", route))
            }
        } else {
            try add("response_format", Self.responseFormat(fields, "response_format", route))
        }
        for name in ["guided_json", "json_schema"] { try add(name, Self.schema(fields, name)) }
        for name in ["guided_regex", "regex"] { try add(name, Self.pattern(fields, name)) }
        try add("guided_choice", Self.choice(fields, "guided_choice"))
        if let value = fields.value("structured_outputs") {
            let outputs = try RequestFields(value, path: "structured_outputs")
            try add("structured_outputs", Self.schema(outputs, "json"))
            try add("structured_outputs", Self.pattern(outputs, "regex"))
            try add("structured_outputs", Self.choice(outputs, "choice"))
            try add("structured_outputs", try outputs.bool("json_object") == true ? .jsonObject : nil)
        }
    }

    private mutating func add(_ name: String, _ format: TextGeneration.AnswerFormat?) throws(APIError) {
        guard let format else { return }
        if let member {
            throw .invalid(name, "'\(name)': '\(member)' says already what the answer looks like; give one of them")
        }
        (member, self.format) = (name, format)
    }

    /// Text, any JSON object, JSON by a schema, or a regular expression.
    private static func responseFormat(
        _ fields: RequestFields,
        _ key: String,
        _ route: CompletionEndpoint
    ) throws(APIError) -> TextGeneration.AnswerFormat? {
        guard let value = fields.value(key) else { return nil }
        let format = try RequestFields(value, path: fields.name(key))
        switch try format.string("type") {
        case "text": return nil
        case "json_object", "json":
            // llama.cpp and TGI have the schema here.
            let nested = try schema(format, "value")
            return try schema(format, "schema") ?? nested ?? .jsonObject
        case "json_schema":
            var named = format
            // OpenAI's older interfaces have the schema one level deeper, and so does TGI.
            for key in ["json_schema", "value"] {
                if let description = format.value(key) {
                    named = try RequestFields(description, path: format.name(key))
                }
            }
            if let schema = try schema(named, "schema") { return schema }
            let missing =
                route == .responses || format.value("json_schema") != nil
                ? named.name("schema") : format.name("json_schema")
            throw .invalid(missing, "'\(missing)' is missing")
        case "regex":
            let named = try pattern(format, "pattern")
            if let pattern = try pattern(format, "value") ?? named { return pattern }
            throw .invalid(format.name("value"), "'\(format.name("value"))' is missing")
        default:
            throw .invalid(
                format.name("type"),
                "'\(format.name("type"))' must be text, json_object, json_schema or regex"
            )
        }
    }

    /// A schema, or the JSON text of one.
    private static func schema(_ fields: RequestFields, _ key: String) throws(APIError) -> TextGeneration.AnswerFormat?
    {
        guard let value = fields.value(key) else { return nil }
        var schema = value
        if let text = value.string {
            guard let parsed = try? JSONValue(parsing: text), parsed.isFinite else {
                throw .invalid(fields.name(key), "'\(fields.name(key))' is a string that is not JSON")
            }
            schema = parsed
        }
        guard schema.object != nil || schema.bool != nil else { throw fields.wrong(key, schema, "a JSON schema") }
        // OpenAI's member beside a schema; a schema that stands alone has none.
        var isRelaxed = false
        if key == "schema" { isRelaxed = try fields.bool("strict") == false }
        return .jsonSchema(schema, isRelaxed: isRelaxed)
    }

    private static func pattern(_ fields: RequestFields, _ key: String) throws(APIError) -> TextGeneration.AnswerFormat?
    {
        try fields.string(key, maxLength: longestText).map { .pattern($0) }
    }

    private static func choice(_ fields: RequestFields, _ key: String) throws(APIError) -> TextGeneration.AnswerFormat?
    {
        guard let value = fields.value(key) else { return nil }
        guard value.array?.isEmpty == false else { throw fields.wrong(key, value, "a list of at least one string") }
        return .choice(try fields.strings(key, maxCount: mostChoices, maxLength: longestText))
    }
}
