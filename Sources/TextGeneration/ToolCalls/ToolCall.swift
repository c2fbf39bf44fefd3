/// The tools that an answer may call; see `ToolCallParser`.
package struct CallableTools: Sendable, Hashable {
    package var names: Set<String>
    /// Whether one answer may call several times; otherwise it ends with its first call.
    package var isParallel: Bool
    /// Whether JSON of a call's form is a call without tags around it, too.
    package var readsBareCalls: Bool

    package init(names: Set<String>, isParallel: Bool = true, readsBareCalls: Bool = true) {
        self.names = names
        self.isParallel = isParallel
        self.readsBareCalls = readsBareCalls
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
