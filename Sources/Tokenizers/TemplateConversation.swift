/// A conversation in the form that a template can write: what it does not know of becomes text of the messages around it.
struct TemplateConversation: Sendable {
    private(set) var messages: [TemplateMessage]
    /// What the template is given as tools; nil for nothing.
    private(set) var tools: [JSONValue]?

    init(_ messages: [ChatMessage], tools: [JSONValue]? = nil, traits: TemplateTraits) {
        self.messages = messages.map(TemplateMessage.init)
        self.tools = tools
        for index in self.messages.indices where self.messages[index].calls.isEmpty {
            if case .absent = self.messages[index].content { self.messages[index].content = .pieces([]) }
        }
        if traits.hasCalls {
            if traits.wantsCallsApart { separateCalls() }
            if traits.wantsSingleCalls { splitCalls() }
            for index in self.messages.indices where !self.messages[index].calls.isEmpty { fit(index, traits) }
            if traits.wantsShortIDs { shortenIDs() }
        } else {
            writeCalls()
        }
        if traits.wantsResultNames { nameResults() }
        if !traits.hasResults { writeResults() }
        if !traits.hasTools, let tools {
            addSystem(ToolText.description(tools, hasResults: traits.hasResults))
            self.tools = nil
        }
        if !traits.hasSystem { foldSystem() }
        if traits.wantsParts { for index in self.messages.indices { self.messages[index].hasParts = true } }
    }

    // MARK: Calls

    /// Gives a message with calls the form of content and arguments that the template reads.
    private mutating func fit(_ index: Int, _ traits: TemplateTraits) {
        messages[index].calls = messages[index].calls.map(
            traits.wantsArgumentsAsText ? ChatMessage.withWrittenArguments : ChatMessage.withParsedArguments
        )
        guard messages[index].isWithoutText else { return }
        let isGiven = if case .absent = messages[index].content { false } else { true }
        switch isGiven ? traits.emptyContent : traits.nullContent {
        case .null: messages[index].content = .null
        case .absent: messages[index].content = .absent
        case .text: messages[index].content = .pieces([])
        }
    }

    /// Makes two messages of one with a text and calls.
    private mutating func separateCalls() {
        messages = messages.flatMap { message in
            guard !message.calls.isEmpty, !message.isWithoutText else { return [message] }
            var (said, called) = (message, message)
            said.calls = []
            (called.content, called.reasoning) = (.absent, nil)
            return [said, called]
        }
    }

    /// Makes a message of each call, followed by its result.
    private mutating func splitCalls() {
        var split: [TemplateMessage] = []
        var index = 0
        while index < messages.count {
            let message = messages[index]
            index += 1
            guard message.calls.count > 1 else {
                split.append(message)
                continue
            }
            let end = messages[index...].firstIndex { $0.role != "tool" } ?? messages.count
            var results = Array(messages[index..<end])
            for (number, call) in message.calls.enumerated() {
                var single = message
                single.calls = [call]
                if number > 0 { (single.content, single.reasoning) = (.absent, nil) }
                split.append(single)
                let id = call["id"]?.string
                // Results are in the order of the calls; ids say which where one is missing.
                let own = results.firstIndex { id != nil && Self.callID($0) == id }
                if let place = own ?? (results.isEmpty || Self.callID(results[0]) != nil ? nil : 0) {
                    split.append(results.remove(at: place))
                }
            }
            split += results
            index = end
        }
        messages = split
    }

    private static func callID(_ message: TemplateMessage) -> String? {
        message.callID ?? message.fields["tool_call_id"]?.string
    }

    private mutating func shortenIDs() {
        for index in messages.indices {
            messages[index].calls = messages[index].calls.map { call in
                guard var object = call.object, let id = object["id"]?.string else { return call }
                object["id"] = .string(Self.shortID(id))
                return .object(object)
            }
            if let id = Self.callID(messages[index]) {
                messages[index].fields["tool_call_id"] = nil
                messages[index].callID = Self.shortID(id)
            }
        }
    }

    /// An id of nine letters and digits; equal ids stay equal, and others differ.
    private static func shortID(_ id: String) -> String {
        let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        if id.count == 9, id.allSatisfy(letters.contains) { return id }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        var short = ""
        for _ in 0..<9 {
            short.append(letters[Int(hash % 62)])
            hash /= 62
        }
        return short
    }

    private mutating func writeCalls() {
        for index in messages.indices where !messages[index].calls.isEmpty {
            for call in messages[index].calls { messages[index].append(ToolText.call(call), after: "\n") }
            messages[index].calls = []
        }
    }

    // MARK: Results

    private mutating func nameResults() {
        var names: [String: String] = [:]
        for index in messages.indices {
            for call in messages[index].calls {
                let name = (call["function"] ?? call)["name"]?.string
                if let id = call["id"]?.string { names[id] = name }
            }
            guard messages[index].role == "tool", messages[index].fields["name"] == nil else { continue }
            if let name = Self.callID(messages[index]).flatMap({ names[$0] }) {
                messages[index].fields["name"] = .string(name)
            }
        }
    }

    /// Makes one message of a user of the results that follow each other, and of what the user says next.
    private mutating func writeResults() {
        var written: [TemplateMessage] = []
        var isResult = false
        for message in messages {
            if message.role == "tool" {
                let pieces = ToolText.result(message.pieces)
                if isResult, let last = written.indices.last {
                    written[last].append(pieces, after: "\n")
                } else {
                    written.append(TemplateMessage(role: "user", pieces))
                }
                isResult = true
            } else if isResult, message.role == "user", let last = written.indices.last {
                written[last].append(message.pieces, after: "\n\n")
                isResult = false
            } else {
                written.append(message)
                isResult = false
            }
        }
        messages = written
    }

    // MARK: System

    private mutating func addSystem(_ pieces: [TemplateMessage.Piece]) {
        if messages.first?.role == "system" {
            messages[0].append(pieces, after: "\n\n")
        } else {
            messages.insert(TemplateMessage(role: "system", pieces), at: 0)
        }
    }

    /// Puts system messages before what the user says next.
    private mutating func foldSystem() {
        var folded: [TemplateMessage] = []
        var pending: [TemplateMessage.Piece] = []
        func separated(_ pieces: [TemplateMessage.Piece]) -> [TemplateMessage.Piece] {
            pending.isEmpty ? pieces : pending + [TemplateMessage.Piece(text: "\n\n", origin: .template)] + pieces
        }
        for var message in messages {
            if message.role == "system" {
                pending = separated(message.pieces)
            } else {
                if message.role == "user", !pending.isEmpty {
                    message.prepend(pending, before: "\n\n")
                    pending = []
                }
                folded.append(message)
            }
        }
        if !pending.isEmpty { folded.append(TemplateMessage(role: "user", pending)) }
        messages = folded
    }
}
