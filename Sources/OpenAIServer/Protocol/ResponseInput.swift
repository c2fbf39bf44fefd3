import Tokenizers

/// Reads `instructions` and `input` of `/v1/responses`: items that become the messages of a conversation.
struct ResponseInput {
    private static let kindsOfText = ["input_text", "output_text", "text"]

    private var messages: [ChatMessage] = []
    /// What the model thought before an item that has not come yet.
    private var reasoning: String?

    /// The conversation of a request; results of functions are in the order of their calls.
    static func messages(_ fields: RequestFields, _ limits: RequestLimits) throws(APIError) -> [ChatMessage] {
        var input = ResponseInput()
        if let instructions = try fields.string("instructions") {
            input.messages.append(ChatMessage(role: "system", content: instructions))
        }
        let expected = "a string or a list of items"
        guard let value = fields.value("input") else {
            throw .invalid("input", "'input' is missing: it is \(expected)")
        }
        if let text = value.string {
            return input.messages + [ChatMessage(role: "user", content: text)]
        }
        if value.array == nil { throw fields.wrong("input", value, expected) }
        guard let items = try fields.array("input", maxCount: limits.messages), !items.isEmpty else {
            throw .invalid("input", "'input' is empty: give at least one item")
        }
        for (index, item) in items.enumerated() {
            try input.add(RequestFields(item, path: "input[\(index)]"))
        }
        return ChatMessages.inOrderOfCalls(input.messages)
    }

    private mutating func add(_ item: RequestFields) throws(APIError) {
        switch try item.string("type") ?? "message" {
        case "message": try addMessage(item)
        case "function_call": try addCall(item)
        case "function_call_output": try addResult(item)
        case "reasoning": reasoning = try Self.thought(item) ?? reasoning
        case "item_reference":
            throw .invalid(
                item.name("type"),
                "nothing is stored here that '\(item.name("id"))' could name: send the item itself"
            )
        case let type:
            throw .invalid(
                item.name("type"),
                "'\(item.name("type"))' is '\(type.escaped(limit: 32))'; this model reads message, function_call, function_call_output and reasoning"
            )
        }
    }

    private mutating func addMessage(_ item: RequestFields) throws(APIError) {
        let role = try ChatMessages.role(item, ["system", "developer", "user", "assistant"])
        guard let content = try ChatMessages.text(item, "content", kinds: Self.kindsOfText) else {
            throw .invalid(item.name("content"), "'\(item.name("content"))' is missing")
        }
        add(ChatMessage(role: role, content: content))
    }

    private mutating func addCall(_ item: RequestFields) throws(APIError) {
        let call = try ChatMessages.call(item, id: try Self.callID(item))
        if reasoning == nil, let last = messages.indices.last, messages[last].role == "assistant" {
            messages[last].toolCalls.append(call)
        } else {
            add(ChatMessage(role: "assistant", content: nil, toolCalls: [call]))
        }
    }

    private mutating func addResult(_ item: RequestFields) throws(APIError) {
        let id = try Self.callID(item)
        guard messages.contains(where: { $0.toolCalls.contains { $0["id"]?.string == id } }) else {
            throw .invalid(
                item.name("call_id"),
                "'\(item.name("call_id"))' names no function_call before it: nothing is stored here, so send that item too"
            )
        }
        guard let output = try ChatMessages.text(item, "output", kinds: Self.kindsOfText) else {
            throw .invalid(item.name("output"), "'\(item.name("output"))' is missing")
        }
        add(ChatMessage(role: "tool", content: output, toolCallID: id))
    }

    /// Adds a message with the thinking before it, which is of no use to other roles.
    private mutating func add(_ message: ChatMessage) {
        var message = message
        if message.role == "assistant" { message.reasoningContent = reasoning }
        reasoning = nil
        messages.append(message)
    }

    private static func callID(_ item: RequestFields) throws(APIError) -> String {
        guard let id = try item.string("call_id"), !id.isEmpty else {
            throw .invalid(item.name("call_id"), "'\(item.name("call_id"))' is missing or empty")
        }
        return id
    }

    /// The text of a reasoning item; nil for one that has none, as those of other servers do.
    private static func thought(_ item: RequestFields) throws(APIError) -> String? {
        let content = try ChatMessages.text(item, "content", kinds: ["reasoning_text"]) ?? ""
        let summary = try ChatMessages.text(item, "summary", kinds: ["summary_text"]) ?? ""
        return [content, summary].first { !$0.isEmpty }
    }
}
