/// One message of a conversation.
package struct ChatMessage: Sendable, Hashable {
    /// "system", "user", "assistant" or "tool".
    package var role: String
    /// Nil for an assistant's message that only calls tools.
    package var content: String?
    /// What the assistant thought before it answered.
    package var reasoningContent: String?
    /// The calls an assistant made: `{"type": "function", "function": {"name": ..., "arguments": ...}}`.
    ///
    /// Arguments are an object, or such an object as JSON text; the template gets what it can read.
    package var toolCalls: [JSONValue]
    /// Which call a "tool" message answers.
    package var toolCallID: String?
    /// Further members, such as "name"; one with the name of a member above takes its place.
    package var fields: JSONObject

    package init(
        role: String,
        content: String?,
        reasoningContent: String? = nil,
        toolCalls: [JSONValue] = [],
        toolCallID: String? = nil,
        fields: JSONObject = JSONObject()
    ) {
        self.role = role
        self.content = content
        self.reasoningContent = reasoningContent
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
        self.fields = fields
    }

    /// A message of a JSON file, with all its members; nil for what has no role.
    package init?(_ value: JSONValue) {
        guard var members = value.object, let role = members["role"]?.string else { return nil }
        members["role"] = nil
        let content = members["content"]?.string
        if content != nil || members["content"] == .null { members["content"] = nil }
        let calls = members["tool_calls"]?.array ?? []
        if !calls.isEmpty || members["tool_calls"] == .null { members["tool_calls"] = nil }
        self.init(role: role, content: content, toolCalls: calls, fields: members)
    }

    /// A tool call whose arguments are an object where they came as JSON text, as in the OpenAI API.
    ///
    /// Text that is not JSON stays as it is.
    package static func withParsedArguments(_ toolCall: JSONValue) -> JSONValue {
        changingArguments(of: toolCall) { arguments in
            guard let text = arguments.string else { return nil }
            return text.isEmpty ? JSONValue.object(JSONObject()) : try? JSONValue(parsing: text)
        }
    }

    /// A tool call whose arguments are JSON text.
    static func withWrittenArguments(_ toolCall: JSONValue) -> JSONValue {
        changingArguments(of: toolCall) { $0.string == nil ? .string($0.json) : $0 == "" ? "{}" : nil }
    }

    private static func changingArguments(of toolCall: JSONValue, _ change: (JSONValue) -> JSONValue?) -> JSONValue {
        guard var call = toolCall.object else { return toolCall }
        // A call may also be the function itself.
        guard var function = call["function"]?.object else {
            guard let arguments = call["arguments"], let changed = change(arguments) else { return toolCall }
            call["arguments"] = changed
            return .object(call)
        }
        guard let arguments = function["arguments"], let changed = change(arguments) else { return toolCall }
        function["arguments"] = changed
        call["function"] = .object(function)
        return .object(call)
    }
}
