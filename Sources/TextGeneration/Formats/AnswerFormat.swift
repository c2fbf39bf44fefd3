import Grammars
package import Tokenizers

/// What an answer must look like, thinking aside.
package enum AnswerFormat: Sendable, Hashable {
    /// Any JSON object.
    case jsonObject
    /// A JSON value that a schema describes; `Grammars` says what of JSON Schema is held.
    case jsonSchema(JSONValue)
    /// Calls of some tools, which are JSON schemas in the OpenAI form: one call, or several.
    ///
    /// They are written as `ToolCallParser` reads them.
    case toolCalls([JSONValue], isParallel: Bool)
}

extension AnswerFormat {
    /// The most calls in one answer: a model that does not know when to end comes to an end.
    private static let mostToolCalls = 16

    /// Whether the answer is calls and nothing else.
    package var isToolCalls: Bool {
        if case .toolCalls = self { true } else { false }
    }

    /// What stands around the JSON values in the answer.
    var frame: AnswerFrame {
        guard case .toolCalls(_, let isParallel) = self else { return AnswerFrame() }
        return AnswerFrame(
            prefix: ToolCallParser.openingTag + "\n",
            suffix: "\n" + ToolCallParser.closingTag,
            most: isParallel ? Self.mostToolCalls : 1
        )
    }

    /// The schema of the JSON value in the answer.
    ///
    /// Throws `.invalidFormat` for tools that are not in the OpenAI form.
    func schema() throws(TextGenerationError) -> JSONValue {
        switch self {
        case .jsonObject: return ["type": "object"]
        case .jsonSchema(let schema): return schema
        case .toolCalls(let tools, _):
            guard !tools.isEmpty else {
                throw TextGenerationError(.invalidFormat, "a tool must be called, but there is none")
            }
            var calls: [JSONValue] = []
            for (index, tool) in tools.enumerated() {
                guard let function = tool["function"], let name = function["name"]?.string else {
                    throw TextGenerationError(.invalidFormat, "tool \(index) has no function with a name")
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
