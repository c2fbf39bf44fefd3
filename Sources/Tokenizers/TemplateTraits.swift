/// What a template makes of a conversation, found by rendering small ones.
///
/// Templates differ in what they know and in what form they want it. Each character that they write is known to be from
/// the system message, the tools, a call or a result, so what a template drops is seen in what it writes.
struct TemplateTraits: Sendable {
    /// How an assistant's message without text is given when it calls tools.
    enum EmptyContent: Sendable, CaseIterable { case null, text, absent }

    /// Whether it writes system messages, the descriptions of tools, calls and results.
    var hasSystem = true
    var hasTools = true
    var hasCalls = true
    var hasResults = true
    /// The form for a client that sends null or nothing, and for one that sends "".
    var nullContent = EmptyContent.null
    var emptyContent = EmptyContent.text
    /// Arguments as JSON text; otherwise as a mapping.
    var wantsArgumentsAsText = false
    /// Ids of calls as nine letters and digits.
    var wantsShortIDs = false
    /// Results with the name of their function.
    var wantsResultNames = false
    /// One call in a message.
    var wantsSingleCalls = false
    /// Calls in a message of their own, since a text beside them takes their place.
    var wantsCallsApart = false
    /// Content as a list of parts.
    var wantsParts = false

    /// Renders probes; `render` returns nil where the template refuses or fails.
    init(_ render: @escaping ([TemplateMessage], [JSONValue]?) -> MarkedText?) {
        let user = TemplateMessage(ChatMessage(role: "user", content: "Which?"))
        let tools: [JSONValue] = [Self.tool]
        // Text or parts, and tools for a template that does not do without. What does not even write the question is no
        // template of a chat.
        let forms = [(false, nil), (true, nil), (false, tools), (true, tools)].map { hasParts, tools in
            Probe(render: render, hasParts: hasParts, tools: tools)
        }
        guard var probe = forms.first(where: { $0.rendered([user])?.contains(.user) ?? false }) else { return }
        wantsParts = probe.hasParts
        let system = TemplateMessage(ChatMessage(role: "system", content: "Do."))
        hasSystem = probe.rendered([system, user])?.contains(.system) ?? false
        let without = probe.tools
        probe.tools = tools
        hasTools = [[user], [system, user]].contains { probe.rendered($0)?.contains(.tools) ?? false }
        if !hasTools { probe.tools = without }
        findForms(probe, user)
    }

    private struct Probe {
        let render: ([TemplateMessage], [JSONValue]?) -> MarkedText?
        var hasParts: Bool
        var tools: [JSONValue]?

        func rendered(_ messages: [TemplateMessage]) -> MarkedText? {
            render(
                messages.map { message in
                    var message = message
                    message.hasParts = hasParts
                    return message
                },
                tools
            )
        }
    }

    private static let tool: JSONValue = [
        "type": "function",
        "function": [
            "name": "probe_name", "description": "Probes.",
            "parameters": [
                "type": "object", "properties": ["probe_key": ["type": "string", "description": "A key."]],
                "required": ["probe_key"],
            ],
        ],
    ]

    private static let plainID = "call_probe_1"
    private static let shortID = "aBcDeF123"

    private static func call(_ id: String) -> JSONValue {
        [
            "id": .string(id), "type": "function",
            "function": ["name": "probe_name", "arguments": ["probe_key": "probe_value"]],
        ]
    }

    private static func result(_ id: String) -> ChatMessage {
        ChatMessage(role: "tool", content: "probe_result", toolCallID: id)
    }

    /// Looks for the first form of calls and results that the template writes whole.
    private mutating func findForms(_ probe: Probe, _ user: TemplateMessage) {
        // Where calls are written with a text beside them, a form without any may still be missing.
        let baseline = Self.count("None", in: probe.rendered([user]))
        for (isText, isShort, isNamed) in [
            (false, false, false), (true, false, false), (false, true, false), (true, true, false),
            (false, false, true), (true, false, true), (false, true, true), (true, true, true),
        ] {
            var candidate = self
            candidate.wantsArgumentsAsText = isText
            candidate.wantsShortIDs = isShort
            candidate.wantsResultNames = isNamed
            let works = EmptyContent.allCases.filter { form in
                candidate.nullContent = form
                guard let text = probe.rendered(candidate.exchange(user)),
                    text.contains(.call), text.contains(.toolResult), text.text.contains("probe_value"),
                    Self.count("None", in: text) <= baseline
                else { return false }
                // A mapping that is written as Python does, or text that is written as JSON once more.
                return !["{'probe_key'", "\\\"probe_key"].contains { text.text.contains($0) }
            }
            guard let first = works.first else { continue }
            candidate.nullContent = first
            candidate.emptyContent = works.contains(.text) ? .text : first
            candidate.findCount(probe, user)
            self = candidate
            return
        }
        hasCalls = false
        let answer = TemplateMessage(ChatMessage(role: "assistant", content: "So."))
        let result = TemplateMessage(Self.result(Self.plainID))
        hasResults = probe.rendered([user, answer, result])?.contains(.toolResult) ?? false
    }

    /// A question, a call without text, and its result.
    private func exchange(_ user: TemplateMessage, calls: Int = 1, text: String? = nil) -> [TemplateMessage] {
        let ids = (0..<calls).map { (wantsShortIDs ? Self.shortID : Self.plainID).dropLast() + String($0) }
        var messages = [
            ChatMessage(role: "assistant", content: text, toolCalls: ids.map { Self.call(String($0)) })
        ]
        messages += ids.map { Self.result(String($0)) }
        return [user] + TemplateConversation(messages, traits: self).messages
    }

    private mutating func findCount(_ probe: Probe, _ user: TemplateMessage) {
        func dropsCalls(_ traits: TemplateTraits) -> Bool {
            !(probe.rendered(traits.exchange(user, text: "Wait."))?.contains(.call) ?? false)
        }
        if dropsCalls(self) {
            wantsCallsApart = true
            if dropsCalls(self) { wantsCallsApart = false }
        }
        guard probe.rendered(exchange(user, calls: 2)) == nil else { return }
        wantsSingleCalls = true
        if probe.rendered(exchange(user, calls: 2)) == nil { wantsSingleCalls = false }
    }

    private static func count(_ word: String, in text: MarkedText?) -> Int {
        text.map { Text($0.text).occurrences(of: Text(word)).count } ?? 0
    }
}
