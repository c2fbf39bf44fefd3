import Grammars
package import Tokenizers

/// What an answer must look like, thinking aside.
package indirect enum AnswerFormat: Sendable, Hashable {
    /// Any JSON object.
    case jsonObject
    /// A JSON value that a schema describes; `Grammars` says what of JSON Schema is held.
    ///
    /// When relaxed, it is not held to what cannot be held, instead of being refused.
    case jsonSchema(JSONValue, isRelaxed: Bool = false)
    /// One of some texts.
    case choice([String])
    /// A text that matches a regular expression from beginning to end.
    case pattern(String)
    /// Calls of some tools, which are JSON schemas in the OpenAI form: one call, or several.
    ///
    /// They are written as `ToolCallParser` reads them. A tool with `strict: false` is relaxed.
    case toolCalls([JSONValue], isParallel: Bool)
    /// What either of two formats allows.
    case either(AnswerFormat, AnswerFormat)
}

extension AnswerFormat {
    /// The most calls in one answer: a model that does not know when to end comes to an end.
    private static let mostToolCalls = 16

    /// Whether the answer is calls and nothing else.
    package var isToolCalls: Bool {
        if case .toolCalls = self { true } else { false }
    }

    /// The grammar of such answers behind thinking.
    ///
    /// Throws `.invalidFormat` for a schema that an answer cannot be held to, and `.invalidTools` for tools that are not in
    /// the OpenAI form or whose parameters are such a schema; `.busy` and `.ended` come of the resources.
    func grammar(
        _ thinking: AnswerFrame.Thinking,
        _ resources: GrammarResources
    ) throws(TextGenerationError) -> Grammar {
        var resources = resources
        switch self {
        case .jsonObject:
            return try Self.grammar(["type": "object"], AnswerFrame(thinking: thinking), resources, .invalidFormat)
        case .jsonSchema(let schema, let isRelaxed):
            resources.relaxes = isRelaxed
            return try Self.grammar(schema, AnswerFrame(thinking: thinking), resources, .invalidFormat)
        case .choice(let texts):
            return try Self.held(.invalidFormat) { () throws(GrammarError) in
                try Grammar.choice(texts, in: AnswerFrame(thinking: thinking), resources)
            }
        case .pattern(let pattern):
            return try Self.held(.invalidFormat) { () throws(GrammarError) in
                try Grammar.pattern(pattern, in: AnswerFrame(thinking: thinking), resources)
            }
        case .toolCalls(let tools, let isParallel):
            resources.relaxes = tools.contains { $0["function"]?["strict"] == false }
            return try Self.grammar(
                try Self.schema(of: tools),
                AnswerFrame(
                    thinking: thinking,
                    prefix: ToolCallParser.openingTag + "\n",
                    suffix: "\n" + ToolCallParser.closingTag,
                    most: isParallel ? Self.mostToolCalls : 1
                ),
                resources,
                .invalidTools
            )
        case .either(let one, let other):
            return Grammar(either: try one.grammar(thinking, resources), or: try other.grammar(thinking, resources))
        }
    }

    private static func grammar(
        _ schema: JSONValue,
        _ frame: AnswerFrame,
        _ resources: GrammarResources,
        _ code: TextGenerationError.Code
    ) throws(TextGenerationError) -> Grammar {
        try held(code) { () throws(GrammarError) in try Grammar.jsonSchema(schema, in: frame, resources) }
    }

    private static func held(
        _ code: TextGenerationError.Code,
        _ grammar: () throws(GrammarError) -> Grammar
    ) throws(TextGenerationError) -> Grammar {
        do {
            return try grammar()
        } catch {
            if error.code == .busy { throw TextGenerationError(.busy, error.message, cause: error) }
            if error.code == .ended { throw TextGenerationError(.ended, error.message, cause: error) }
            throw TextGenerationError(code, "the answer cannot be held to this: \(error.message)", cause: error)
        }
    }

    /// The schema of the object in a call.
    private static func schema(of tools: [JSONValue]) throws(TextGenerationError) -> JSONValue {
        guard !tools.isEmpty else {
            throw TextGenerationError(.invalidTools, "a tool must be called, but there is none")
        }
        var calls: [JSONValue] = []
        for (index, tool) in tools.enumerated() {
            guard let function = tool["function"], let name = function["name"]?.string else {
                throw TextGenerationError(.invalidTools, "tool \(index) has no function with a name")
            }
            var parameters = function["parameters"] ?? ["type": "object", "properties": [:]]
            if parameters == [:] { parameters = ["type": "object"] }
            let place = "#/anyOf/\(index)/properties/arguments"
            calls.append([
                "type": "object",
                "properties": ["name": ["const": .string(name)], "arguments": parameters.moved(to: place)],
                "required": ["name", "arguments"],
            ])
        }
        return ["anyOf": .array(calls)]
    }
}

extension JSONValue {
    /// A schema that becomes a part of another one: its references must lead to where its own parts are then.
    fileprivate func moved(to place: String) -> JSONValue {
        switch self {
        case .array(let elements): return .array(elements.map { $0.moved(to: place) })
        case .object(let object):
            var moved = JSONObject()
            for (key, value) in zip(object.keys, object.values) {
                if key == "$ref", let pointer = value.string, pointer.hasPrefix("#") {
                    moved[key] = .string(place + pointer.dropFirst())
                } else {
                    moved[key] = ["const", "enum"].contains(key) ? value : value.moved(to: place)
                }
            }
            return .object(moved)
        default: return self
        }
    }
}
