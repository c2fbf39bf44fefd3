import Tokenizers

extension KnownFields {
    static let conversations: Set<CompletionEndpoint> = [.chat, .responses]
    static let older: Set<CompletionEndpoint> = [.chat, .completions]
    static let everywhere = Set(CompletionEndpoint.allCases)

    static func obeyed(
        _ names: String...,
        of dialects: [RequestField.Dialect],
        on routes: Set<CompletionEndpoint> = everywhere,
        _ note: String = ""
    ) -> [RequestField] {
        names.map { RequestField(name: $0, dialects: dialects, routes: routes, treatment: .obeyed, note: note) }
    }

    static func accepted(
        _ names: String...,
        of dialects: [RequestField.Dialect],
        _ note: String
    ) -> [RequestField] {
        names.map { RequestField(name: $0, dialects: dialects, routes: everywhere, treatment: .accepted, note: note) }
    }

    static func refused(
        _ names: String...,
        of dialects: [RequestField.Dialect],
        on routes: Set<CompletionEndpoint> = everywhere,
        unless neutral: [JSONValue] = [],
        _ note: String
    ) -> [RequestField] {
        names.map {
            RequestField(name: $0, dialects: dialects, routes: routes, treatment: .refused(unless: neutral), note: note)
        }
    }

    static let all: [RequestField] = sections.flatMap(\.fields)

    /// The fields by what they are about, as the page shows them.
    static let sections: [(title: String, fields: [RequestField])] = [
        ("What is asked", prompts), ("How long the answer is", lengths), ("How tokens are drawn", sampling),
        ("What the answer looks like", formats), ("Tools", tools), ("Thinking", reasoning), ("Delivery", delivery),
        ("Everything else", others),
    ].map { (title: $0.0, fields: $0.1.flatMap(\.self)) }
}
