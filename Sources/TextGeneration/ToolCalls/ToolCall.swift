/// The tools that an answer may call; see `ToolCallParser`.
package struct CallableTools: Sendable, Hashable {
    package var names: Set<String>
    /// Whether one answer may call several times; otherwise it ends with its first call.
    package var isParallel: Bool

    package init(names: Set<String>, isParallel: Bool = true) {
        self.names = names
        self.isParallel = isParallel
    }
}

/// A call of a tool that the model wrote.
package struct ToolCall: Sendable, Hashable, Codable {
    package var name: String
    /// A JSON object, as the model wrote it.
    package var arguments: String
    /// Whether the model came to the end of it: an answer that is held to calls may be cut short within one.
    package var isComplete: Bool

    package init(name: String, arguments: String, isComplete: Bool = true) {
        self.name = name
        self.arguments = arguments
        self.isComplete = isComplete
    }
}
