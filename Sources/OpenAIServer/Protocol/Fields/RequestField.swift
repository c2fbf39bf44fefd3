import Tokenizers

/// A member of requests that some server of this interface knows, and what this one does with it.
struct RequestField: Sendable {
    /// The interfaces that have it.
    enum Dialect: String, CaseIterable, Sendable {
        case openAI = "OpenAI"
        case vLLM
        case llamaCpp = "llama.cpp"
        case sgLang = "SGLang"
        case tgi = "TGI"
        case modelStudio = "Model Studio"
        case deepSeek = "DeepSeek"
        case kongur = "Kongur"
    }

    enum Treatment: Sendable {
        /// The answer is as it says.
        case obeyed
        /// It cannot change the answer.
        case accepted
        /// A 400 that names it, except for the values that ask for nothing; null is always one.
        case refused(unless: [JSONValue])
    }

    /// With a dot before a member of an object.
    let name: String
    let dialects: [Dialect]
    let routes: Set<CompletionEndpoint>
    let treatment: Treatment
    /// What it does, or what to do without it.
    let note: String

    /// Throws a 400 for a value that this server does not obey on a route.
    func check(_ value: JSONValue, on route: CompletionEndpoint) throws(APIError) {
        switch treatment {
        case .accepted: return
        case .obeyed:
            // What another route would obey would be passed over here.
            guard !routes.contains(route), !Self.asksForNothing(value) else { return }
            let others = routes.map(\.rawValue).sorted().joined(separator: " and ")
            throw refusal("\(route.rawValue) does not know it; it is for \(others)")
        case .refused(let neutral):
            guard value != .null, !neutral.contains(where: { Self.isSame($0, value) }) else { return }
            throw refusal(note)
        }
    }

    private func refusal(_ reason: String) -> APIError {
        .invalid(name, "'\(name)' is not supported: \(reason)", code: "unsupported_parameter")
    }

    private static func asksForNothing(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool(false), "": true
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }

    private static func isSame(_ one: JSONValue, _ other: JSONValue) -> Bool {
        if case .int(let number) = one, case .double(let value) = other { return Double(number) == value }
        if case .double(let number) = one, case .int(let value) = other { return Double(value) == number }
        return one == other
    }
}

/// All fields that are known, for checks and for the page that lists them.
enum KnownFields {
    private static let byName = Dictionary(grouping: all, by: \.name)
    /// The objects whose members are known, too.
    private static let parents = Set(all.compactMap { $0.name.split(separator: ".").dropLast().first.map(String.init) })

    /// Refuses what would change the answer and is not obeyed, and gives the names of the members that no server is known to
    /// have.
    static func check(_ fields: RequestFields, on route: CompletionEndpoint) throws(APIError) -> [String] {
        var unknown: [String] = []
        for (key, value) in zip(fields.object.keys, fields.object.values) {
            try check(key, value, on: route, &unknown)
            guard parents.contains(key), let members = value.object else { continue }
            for (member, value) in zip(members.keys, members.values) {
                try check("\(key).\(member)", value, on: route, &unknown)
            }
        }
        return unknown
    }

    private static func check(
        _ name: String,
        _ value: JSONValue,
        on route: CompletionEndpoint,
        _ unknown: inout [String]
    ) throws(APIError) {
        guard let known = byName[name], let first = known.first else {
            if value != .null { unknown.append(name) }
            return
        }
        try (known.first { $0.routes.contains(route) } ?? first).check(value, on: route)
    }
}
