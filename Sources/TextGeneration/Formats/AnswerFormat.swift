package import Tokenizers

/// What an answer must look like, thinking aside.
package enum AnswerFormat: Sendable, Hashable {
    /// Any JSON object.
    case jsonObject
    /// A JSON value that a schema describes; `Grammars` says what of JSON Schema is held.
    case jsonSchema(JSONValue)
    /// A call of one of some tools, which are JSON schemas in the OpenAI form.
    ///
    /// It is written as the templates of Qwen and Hermes ask for it: an object with `name` and `arguments` between
    /// `<tool_call>` and `</tool_call>`.
    case toolCall([JSONValue])
}

extension AnswerFormat {
    static let toolCallOpening = "<tool_call>\n"
    static let toolCallClosing = "\n</tool_call>"

    /// The schema of the JSON value in the answer.
    ///
    /// Throws `.invalidFormat` for tools that are not in the OpenAI form.
    func schema() throws(TextGenerationError) -> JSONValue {
        switch self {
        case .jsonObject: return ["type": "object"]
        case .jsonSchema(let schema): return schema
        case .toolCall(let tools):
            guard !tools.isEmpty else {
                throw TextGenerationError(.invalidFormat, "a tool must be called, but there is none")
            }
            var calls: [JSONValue] = []
            for (index, tool) in tools.enumerated() {
                guard let function = tool["function"], let name = function["name"]?.string else {
                    throw TextGenerationError(.invalidFormat, "tool \(index) has no function with a name")
                }
                let parameters = function["parameters"] ?? ["type": "object", "properties": [:]]
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
