import Tokenizers

/// One message of a conversation.
public struct Message: Sendable, Hashable {
    public enum Role: String, Sendable, Hashable {
        case system, user, assistant
    }

    public var role: Role
    public var content: String

    public init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }

    var chatMessage: ChatMessage {
        ChatMessage(role: role.rawValue, content: content)
    }
}
