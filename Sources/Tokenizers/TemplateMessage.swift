/// A message in the form in which a template gets it.
struct TemplateMessage: Sendable {
    /// What stands under "content".
    enum Content: Sendable {
        case pieces([Piece])
        case null
        case absent
        /// As it came: parts, for example.
        case value(JSONValue)
    }

    struct Piece: Sendable {
        var text: String
        var origin: TextOrigin
    }

    var role: String
    var content: Content
    var reasoning: String?
    var calls: [JSONValue]
    var callID: String?
    var fields: JSONObject
    /// Whether text is given as a list of parts.
    var hasParts = false

    init(_ message: ChatMessage) {
        role = message.role
        let origin = Self.origin(of: message.role)
        content = message.content.map { .pieces([Piece(text: $0, origin: origin)]) } ?? .absent
        reasoning = message.reasoningContent
        calls = message.toolCalls
        callID = message.toolCallID
        fields = message.fields
        if let value = fields["content"], value != .null {
            content = .value(value)
            fields["content"] = nil
        }
    }

    init(role: String, _ pieces: [Piece]) {
        self.init(ChatMessage(role: role, content: nil))
        content = .pieces(pieces)
    }

    static func origin(of role: String) -> TextOrigin {
        switch role {
        case "system", "developer": .system
        case "assistant": .assistant
        case "tool", "function", "ipython": .toolResult
        default: .user
        }
    }

    /// Whether there is no text and nothing else in its place.
    var isWithoutText: Bool {
        switch content {
        case .pieces(let pieces): pieces.allSatisfy(\.text.isEmpty)
        case .null, .absent: true
        case .value(let value): value == ""
        }
    }

    /// Adds text behind what is there.
    mutating func append(_ more: [Piece], after separator: String) {
        switch content {
        case .pieces(let pieces) where !isWithoutText:
            content = .pieces(pieces + [Piece(text: separator, origin: .template)] + more)
        case .pieces, .null, .absent: content = .pieces(more)
        case .value(.string(let text)):
            let before = Piece(text: text, origin: Self.origin(of: role))
            content = .pieces([before, Piece(text: separator, origin: .template)] + more)
        case .value(let value):
            let text = more.map(\.text).joined()
            content = .value(.array((value.array ?? [value]) + [["type": "text", "text": .string(text)]]))
        }
    }

    /// Puts text before what is there.
    mutating func prepend(_ more: [Piece], before separator: String) {
        switch content {
        case .pieces(let pieces): content = .pieces(more + [Piece(text: separator, origin: .template)] + pieces)
        case .null, .absent: content = .pieces(more)
        case .value(let value):
            let text = more.map(\.text).joined() + separator
            content = .value(
                .array([["type": "text", "text": .string(text)]] + (value.array ?? [["type": "text", "text": value]]))
            )
        }
    }

    /// The texts of the content, where it has any.
    var pieces: [Piece] {
        let origin = Self.origin(of: role)
        switch content {
        case .pieces(let pieces): return pieces
        case .null, .absent: return []
        case .value(let value):
            let texts = value.array?.map { $0["text"]?.string ?? "" } ?? [value.string ?? value.json]
            return texts.map { Piece(text: $0, origin: origin) }
        }
    }
}

extension Renderer {
    func value(_ message: TemplateMessage) throws(TokenizerError) -> Value {
        let origin = TemplateMessage.origin(of: message.role)
        // A role may be a part of a control token that the template puts together.
        let isName =
            message.role.utf8.count <= 32
            && message.role.utf8.allSatisfy { byte in
                0x61...0x7A ~= byte | 0x20 || 0x30...0x39 ~= byte || byte == 0x5F || byte == 0x2D
            }
        var fields = ValueFields()
        fields.set("role", to: .string(Text(message.role, origin: isName ? .template : origin)))
        switch message.content {
        case .absent: break
        case .null: fields.set("content", to: .none)
        case .value(let value): fields.set("content", to: try self.value(value, origin))
        case .pieces(let pieces):
            var text = Text()
            for piece in pieces { text.append(Text(piece.text, origin: piece.origin)) }
            var content = Value.string(text)
            if message.hasParts {
                var part = ValueFields()
                part.set("type", to: .text("text"))
                part.set("text", to: content)
                content = try list([try dictionary(part)])
            }
            fields.set("content", to: content)
        }
        if let reasoning = message.reasoning {
            // Both names that templates use.
            fields.set("reasoning_content", to: .string(Text(reasoning, origin: .assistant)))
            fields.set("thinking", to: .string(Text(reasoning, origin: .assistant)))
        }
        if !message.calls.isEmpty { fields.set("tool_calls", to: try value(.array(message.calls), .call)) }
        if let id = message.callID { fields.set("tool_call_id", to: .string(Text(id, origin: .call))) }
        for (key, value) in zip(message.fields.keys, message.fields.values) where value != .null {
            fields.set(Text(key, origin: origin), to: try self.value(value, origin))
        }
        return try dictionary(fields)
    }
}
