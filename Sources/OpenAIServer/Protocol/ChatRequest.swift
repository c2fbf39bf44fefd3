import InferenceEngine
import TextGeneration
import Tokenizers

/// The body of `/v1/chat/completions`.
struct ChatRequest: Sendable {
    var generation: GenerationFields
    var messages: [ChatMessage]
    /// Whether the answer tells what the model thought.
    var includeReasoning: Bool

    init(_ fields: RequestFields, _ limits: RequestLimits, defaults: SamplingParameters) throws(APIError) {
        generation = try GenerationFields(
            fields,
            limits,
            defaults: defaults,
            logprobs: try Self.logprobs(fields)
        )
        includeReasoning = try fields.bool("include_reasoning") ?? true
        let isEmpty = { (value: JSONValue) in value.array?.isEmpty ?? false }
        try fields.refuse("tools", unless: isEmpty, "this server does not call tools")
        try fields.refuse("functions", unless: isEmpty, "this server does not call functions")
        try fields.refuse("audio", unless: { _ in false }, "this server answers in text alone")
        messages = try Self.messages(fields, limits)
    }

    private static func logprobs(_ fields: RequestFields) throws(APIError) -> Int? {
        let top = try fields.int("top_logprobs", in: 0...SamplingParameters.maxLogprobs)
        let isAsked = try fields.bool("logprobs") ?? false
        guard isAsked else {
            if let top, top > 0 {
                throw .invalid("top_logprobs", "'top_logprobs' is for requests with 'logprobs': true")
            }
            return nil
        }
        return top ?? 0
    }

    /// The messages of a request that has a conversation.
    static func messages(_ fields: RequestFields, _ limits: RequestLimits) throws(APIError) -> [ChatMessage] {
        guard let elements = try fields.array("messages", maxCount: limits.messages), !elements.isEmpty else {
            throw .invalid("messages", "'messages' is missing or empty: give at least one message")
        }
        var messages: [ChatMessage] = []
        for (index, element) in elements.enumerated() {
            messages.append(try message(RequestFields(element, path: "messages[\(index)]")))
        }
        return messages
    }

    private static func message(_ fields: RequestFields) throws(APIError) -> ChatMessage {
        guard var role = try fields.string("role") else {
            throw .invalid(fields.name("role"), "'\(fields.name("role"))' is missing")
        }
        guard ["system", "developer", "user", "assistant", "tool"].contains(role) else {
            throw .invalid(
                fields.name("role"),
                "'\(fields.name("role"))' is '\(role.escaped(limit: 32))'; it must be system, developer, user, assistant or tool"
            )
        }
        // The newer name of the same thing, which templates do not know.
        if role == "developer" { role = "system" }
        let calls = try fields.array("tool_calls", maxCount: 256) ?? []
        let content = try content(fields)
        if content == nil, role != "assistant" || calls.isEmpty {
            throw .invalid(fields.name("content"), "'\(fields.name("content"))' is missing")
        }
        var others = JSONObject()
        others["name"] = try fields.string("name").map { .string($0) }
        let reasoning = try fields.string("reasoning")
        return ChatMessage(
            role: role,
            content: content,
            reasoningContent: try fields.string("reasoning_content") ?? reasoning,
            toolCalls: calls.map(ChatMessage.withParsedArguments),
            toolCallID: try fields.string("tool_call_id"),
            fields: others
        )
    }

    /// Text, or parts that are all text.
    private static func content(_ fields: RequestFields) throws(APIError) -> String? {
        guard let value = fields.value("content") else { return nil }
        if let text = value.string { return text }
        guard let parts = value.array else { throw fields.wrong("content", value, "a string or a list of parts") }
        var text = ""
        for (index, part) in parts.enumerated() {
            let part = try RequestFields(part, path: fields.name("content[\(index)]"))
            let kind = try part.string("type") ?? "text"
            guard kind == "text", let piece = try part.string("text") else {
                throw .invalid(
                    part.name("type"),
                    "'\(part.name("type"))' is '\(kind.escaped(limit: 32))'; this model reads parts of type text alone"
                )
            }
            text += piece
        }
        return text
    }
}
