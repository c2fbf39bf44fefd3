import Grammars
package import Tokenizers

/// What an answer must look like, thinking aside.
package indirect enum AnswerFormat: Sendable, Hashable {
    /// Any JSON object.
    case jsonObject
    /// A JSON value that a schema describes; `Grammars` says what of JSON Schema is held.
    case jsonSchema(JSONValue)
    /// Calls of some tools, which are JSON schemas in the OpenAI form: one call, or several.
    ///
    /// They are written as `ToolCallParser` reads them.
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
    /// the OpenAI form or whose parameters are such a schema.
    func grammar(_ thinking: AnswerFrame.Thinking) throws(TextGenerationError) -> Grammar {
        switch self {
        case .jsonObject: try Self.grammar(["type": "object"], AnswerFrame(thinking: thinking), .invalidFormat)
        case .jsonSchema(let schema): try Self.grammar(schema, AnswerFrame(thinking: thinking), .invalidFormat)
        case .toolCalls(let tools, let isParallel):
            try Self.grammar(
                try Self.schema(of: tools),
                AnswerFrame(
                    thinking: thinking,
                    prefix: ToolCallParser.openingTag + "\n",
                    suffix: "\n" + ToolCallParser.closingTag,
                    most: isParallel ? Self.mostToolCalls : 1
                ),
                .invalidTools
            )
        case .either(let one, let other): Grammar(either: try one.grammar(thinking), or: try other.grammar(thinking))
        }
    }

    private static func grammar(
        _ schema: JSONValue,
        _ frame: AnswerFrame,
        _ code: TextGenerationError.Code
    ) throws(TextGenerationError) -> Grammar {
        do {
            return try Grammar.jsonSchema(schema, in: frame)
        } catch {
            throw TextGenerationError(code, "the answer cannot be held to this schema: \(error.message)", cause: error)
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
