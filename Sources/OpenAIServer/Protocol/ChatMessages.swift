import TextGeneration
import Tokenizers

/// Reads `messages`: a conversation in the form of chat completions.
enum ChatMessages {
    private static let mostCalls = 256

    /// The messages of a request that has a conversation; results of tools are in the order of their calls.
    static func messages(_ fields: RequestFields, _ limits: RequestLimits) throws(APIError) -> [ChatMessage] {
        guard let elements = try fields.array("messages", maxCount: limits.messages), !elements.isEmpty else {
            throw .invalid("messages", "'messages' is missing or empty: give at least one message")
        }
        var messages: [ChatMessage] = []
        for (index, element) in elements.enumerated() {
            messages.append(try message(RequestFields(element, path: "messages[\(index)]")))
        }
        return inOrderOfCalls(messages)
    }

    /// How the prompt of a conversation ends: `add_generation_prompt` and `continue_final_message`.
    static func ending(_ fields: RequestFields, of messages: [ChatMessage]) throws(APIError) -> Prompt.Ending {
        let begins = try fields.bool("add_generation_prompt")
        guard try fields.bool("continue_final_message") == true else {
            return begins == false ? .messages : .generationPrompt
        }
        guard begins != true else {
            throw .invalid(
                "add_generation_prompt",
                "'add_generation_prompt' begins a message and 'continue_final_message' continues one: set one of them to false"
            )
        }
        guard let last = messages.last, last.role == "assistant", last.toolCalls.isEmpty else {
            throw .invalid(
                "continue_final_message",
                "'continue_final_message' needs a last message of the assistant, without tool calls"
            )
        }
        return .finalMessage
    }

    private static func message(_ fields: RequestFields) throws(APIError) -> ChatMessage {
        let role = try role(fields, ["system", "developer", "user", "assistant", "tool"])
        var calls: [JSONValue] = []
        for (index, call) in (try fields.array("tool_calls", maxCount: mostCalls) ?? []).enumerated() {
            calls.append(try self.call(RequestFields(call, path: fields.name("tool_calls[\(index)]"))))
        }
        let content = try text(fields, "content", kinds: ["text"])
        // An answer may be a call alone, or nothing.
        if content == nil, role != "assistant" {
            throw .invalid(fields.name("content"), "'\(fields.name("content"))' is missing")
        }
        var others = JSONObject()
        others["name"] = try fields.string("name").map { .string($0) }
        let reasoning = try fields.string("reasoning")
        return ChatMessage(
            role: role,
            content: content,
            reasoningContent: try fields.string("reasoning_content") ?? reasoning,
            toolCalls: calls,
            toolCallID: try fields.string("tool_call_id"),
            fields: others
        )
    }

    /// The role of a message, one of some.
    static func role(_ fields: RequestFields, _ allowed: [String]) throws(APIError) -> String {
        guard let role = try fields.string("role") else {
            throw .invalid(fields.name("role"), "'\(fields.name("role"))' is missing")
        }
        guard allowed.contains(role) else {
            throw .invalid(
                fields.name("role"),
                "'\(fields.name("role"))' is '\(role.escaped(limit: 32))'; it must be one of \(allowed.joined(separator: ", "))"
            )
        }
        // The newer name of the same thing, which templates do not know.
        return role == "developer" ? "system" : role
    }

    /// Text, or parts of these kinds that are all text.
    static func text(_ fields: RequestFields, _ key: String, kinds: [String]) throws(APIError) -> String? {
        guard let value = fields.value(key) else { return nil }
        if let text = value.string { return text }
        guard let parts = value.array else { throw fields.wrong(key, value, "a string or a list of parts") }
        var text = ""
        for (index, part) in parts.enumerated() {
            let part = try RequestFields(part, path: fields.name("\(key)[\(index)]"))
            let kind = try part.string("type") ?? kinds[0]
            guard kinds.contains(kind), let piece = try part.string("text") else {
                throw .invalid(
                    part.name("type"),
                    "'\(part.name("type"))' is '\(kind.escaped(limit: 32))'; this model reads parts of type \(kinds.joined(separator: ", ")) alone, which have a text"
                )
            }
            text += piece
        }
        return text
    }

    private static func call(_ fields: RequestFields) throws(APIError) -> JSONValue {
        guard try fields.string("type") ?? "function" == "function", let function = fields.value("function") else {
            throw .invalid(fields.name("function"), "'\(fields.name("function"))' is missing: calls are of functions")
        }
        return try call(RequestFields(function, path: fields.name("function")), id: try fields.string("id"))
    }

    /// A call as templates want it, of a function with `name` and `arguments`.
    static func call(_ function: RequestFields, id: String?) throws(APIError) -> JSONValue {
        guard let name = try function.string("name"), !name.isEmpty else {
            throw .invalid(function.name("name"), "'\(function.name("name"))' is missing or empty")
        }
        var call = JSONObject()
        call["id"] = id.map { .string($0) }
        call["type"] = "function"
        call["function"] = ["name": .string(name), "arguments": function.value("arguments") ?? [:]]
        // Checked here; the template gets what it reads, text as it was sent or a mapping.
        guard ChatMessage.withParsedArguments(.object(call))["function"]?["arguments"]?.object != nil else {
            throw .invalid(
                function.name("arguments"),
                "'\(function.name("arguments"))' must be a JSON object as a string, such as \"{}\""
            )
        }
        return .object(call)
    }

    /// Puts the results that follow a message with calls in the order of the calls: templates tell models no ids.
    static func inOrderOfCalls(_ messages: [ChatMessage]) -> [ChatMessage] {
        var messages = messages
        var index = 0
        while index < messages.count {
            let ids = messages[index].toolCalls.map { $0["id"]?.string }
            let first = index + 1
            index = messages[first...].firstIndex { $0.role != "tool" } ?? messages.count
            let places = messages[first..<index].map { message in
                message.toolCallID.flatMap { id in ids.firstIndex(of: id) } ?? .max
            }
            let sorted = places.indices.sorted { (places[$0], $0) < (places[$1], $1) }
            messages.replaceSubrange(first..<index, with: sorted.map { messages[first + $0] })
        }
        return messages
    }
}
