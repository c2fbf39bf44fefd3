/// One message of a conversation, as a chat template sees it.
package struct ChatMessage: Sendable, Hashable {
    /// "system", "user", "assistant" or "tool".
    package var role: String
    /// Nil for an assistant's message that only calls tools.
    package var content: String?
    /// What the assistant thought before it answered.
    package var reasoningContent: String?
    /// The calls an assistant made: `{"type": "function", "function": {"name": ..., "arguments": {...}}}`.
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

    /// The message as templates read it; members that are nil or null are left out.
    ///
    /// Reasoning is given under both names that templates use, "reasoning_content" and "thinking".
    package var json: JSONValue {
        var object = JSONObject()
        if let reasoningContent { object["thinking"] = .string(reasoningContent) }
        object["role"] = .string(role)
        if let content { object["content"] = .string(content) }
        if let reasoningContent { object["reasoning_content"] = .string(reasoningContent) }
        if !toolCalls.isEmpty { object["tool_calls"] = .array(toolCalls) }
        if let toolCallID { object["tool_call_id"] = .string(toolCallID) }
        for (key, value) in zip(fields.keys, fields.values) where value != .null { object[key] = value }
        return .object(object)
    }

    /// A tool call whose arguments are an object where they came as JSON text, as in the OpenAI API.
    ///
    /// Templates write arguments with `tojson`; text would be quoted twice. Text that is not JSON stays as it is.
    package static func withParsedArguments(_ toolCall: JSONValue) -> JSONValue {
        guard var call = toolCall.object, var function = call["function"]?.object,
            let text = function["arguments"]?.string
        else { return toolCall }
        let arguments = text.isEmpty ? JSONValue.object(JSONObject()) : try? JSONValue(parsing: text)
        guard let arguments else { return toolCall }
        function["arguments"] = arguments
        call["function"] = .object(function)
        return .object(call)
    }
}
