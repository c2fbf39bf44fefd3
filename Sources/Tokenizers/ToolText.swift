/// Tools, calls and results as plain text, for templates that do not know of them: the form of Hermes, which
/// `ToolCallParser` reads.
enum ToolText {
    typealias Piece = TemplateMessage.Piece

    /// Tells a model what it may call and how.
    static func description(_ tools: [JSONValue], hasResults: Bool) -> [Piece] {
        var pieces = [
            Piece(
                text:
                    "You can call functions. Here is one JSON object for each, between <tools> and </tools>:\n<tools>\n",
                origin: .template
            )
        ]
        for tool in tools {
            pieces.append(Piece(text: tool.json, origin: .tools))
            pieces.append(Piece(text: "\n", origin: .template))
        }
        pieces.append(
            Piece(
                text: """
                    </tools>

                    To call a function, write its name and its arguments as JSON between <tool_call> and </tool_call>:
                    <tool_call>
                    {"name": "the function's name", "arguments": {"parameter": "value"}}
                    </tool_call>
                    The result comes \(hasResults ? "next" : "between <tool_response> and </tool_response>").
                    """,
                origin: .template
            )
        )
        return pieces
    }

    /// A call as an assistant writes it.
    static func call(_ call: JSONValue) -> [Piece] {
        let parsed = ChatMessage.withParsedArguments(call)
        let function = parsed["function"] ?? parsed
        let name = function["name"] ?? ""
        let arguments = function["arguments"] ?? .object(JSONObject())
        return [
            Piece(text: "<tool_call>\n{\"name\": ", origin: .template), Piece(text: name.json, origin: .call),
            Piece(text: ", \"arguments\": ", origin: .template), Piece(text: arguments.json, origin: .call),
            Piece(text: "}\n</tool_call>", origin: .template),
        ]
    }

    /// A result as a user hands it over.
    static func result(_ content: [Piece]) -> [Piece] {
        [Piece(text: "<tool_response>\n", origin: .template)] + content
            + [Piece(text: "\n</tool_response>", origin: .template)]
    }
}
