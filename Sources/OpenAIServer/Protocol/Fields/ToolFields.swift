import TextGeneration
import Tokenizers

/// The functions that a request lets the model call, and whether it must: `tools`, `tool_choice` and
/// `parallel_tool_calls`.
struct ToolFields: Sendable {
    /// Where a function stands: inside of `function`, or beside `type`.
    enum Form: Sendable {
        case nested
        case flat
    }

    enum Choice: Sendable, Hashable {
        case none
        case auto
        case required
        case function(String)
    }

    /// OpenAI's limits.
    private static let mostTools = 128
    private static let longestName = 64

    /// What may be called, as templates and grammars read it: `{"type": "function", "function": {...}}`.
    private(set) var tools: [JSONValue]
    private(set) var choice: Choice
    let isParallel: Bool

    init(_ fields: RequestFields, _ form: Form) throws(APIError) {
        tools = []
        choice = .auto
        isParallel = try fields.bool("parallel_tool_calls") ?? true
        var names = Set<String>()
        for (index, element) in (try fields.array("tools", maxCount: Self.mostTools) ?? []).enumerated() {
            let path = fields.name("tools[\(index)]")
            let function = try Self.function(try RequestFields(element, path: path), form)
            let name = try Self.name(function)
            guard names.insert(name).inserted else {
                throw .invalid(
                    function.name("name"),
                    "'\(function.name("name"))': there is a function '\(name)' already"
                )
            }
            tools.append(["type": "function", "function": try Self.definition(function, name)])
        }
        try choose(fields, form)
    }

    /// What a chat template is told of; nil for nothing.
    var described: [JSONValue]? { tools.isEmpty || choice == .none ? nil : tools }

    /// The tools in the flat form.
    var flat: [JSONValue] {
        tools.map { tool in
            func member(_ key: String) -> JSONValue { tool["function"]?[key] ?? .null }
            return [
                "type": "function", "name": member("name"), "description": member("description"),
                "parameters": member("parameters"), "strict": member("strict"),
            ]
        }
    }

    /// Lets an answer call what may be called, and holds it to calls where it must.
    ///
    /// Throws a 400 for options that do not go with that.
    func apply(to options: inout GenerationOptions) throws(APIError) {
        guard described != nil else { return }
        var callable = tools
        var isParallel = isParallel
        if case .function(let name) = choice {
            callable = tools.filter { Self.name($0) == name }
            isParallel = false
        }
        options.tools = CallableTools(
            names: Set(callable.compactMap(Self.name)),
            isParallel: isParallel,
            // An answer in a format may look like a call.
            readsBareCalls: options.format == nil
        )
        if choice == .auto {
            // An answer that is in a format, or calls instead.
            options.format = options.format.map { .either($0, .toolCalls(callable, isParallel: isParallel)) }
            return
        }
        guard !options.ignoreEOS, options.minNewTokens == 0 else {
            throw .invalid(
                "tool_choice",
                "'tool_choice' says where an answer ends: leave out 'ignore_eos' and 'min_tokens'"
            )
        }
        options.format = .toolCalls(callable, isParallel: isParallel)
    }

    // MARK: Functions

    private static func function(_ tool: RequestFields, _ form: Form) throws(APIError) -> RequestFields {
        let type = try tool.string("type")
        guard type == "function" else {
            let found = type.map { "'\($0.escaped(limit: 32))'" } ?? "missing"
            throw .invalid(
                tool.name("type"),
                "'\(tool.name("type"))' is \(found); this server offers the model tools of type function alone"
            )
        }
        if form == .flat { return tool }
        guard let function = tool.value("function") else {
            throw .invalid(tool.name("function"), "'\(tool.name("function"))' is missing")
        }
        return try RequestFields(function, path: tool.name("function"))
    }

    private static func name(_ function: RequestFields) throws(APIError) -> String {
        guard let name = try function.string("name") else {
            throw .invalid(function.name("name"), "'\(function.name("name"))' is missing")
        }
        let isSound = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isSound, (1...longestName).contains(name.utf8.count) else {
            throw .invalid(
                function.name("name"),
                "'\(function.name("name"))' must be 1 to \(longestName) letters, digits, underscores and dashes"
            )
        }
        return name
    }

    private static func name(_ tool: JSONValue) -> String? { tool["function"]?["name"]?.string }

    /// The members of a function that are about what it does.
    private static func definition(_ function: RequestFields, _ name: String) throws(APIError) -> JSONValue {
        var definition = JSONObject()
        definition["name"] = .string(name)
        if let description = try function.string("description") { definition["description"] = .string(description) }
        if let parameters = function.value("parameters") {
            guard let schema = parameters.object else {
                throw function.wrong("parameters", parameters, "a JSON schema")
            }
            guard schema["type"] == nil || schema["type"] == "object" else {
                throw .invalid(
                    function.name("parameters"),
                    "'\(function.name("parameters"))' must be a schema of type object"
                )
            }
            definition["parameters"] = parameters
        }
        if let strict = try function.bool("strict") { definition["strict"] = .bool(strict) }
        return .object(definition)
    }

    // MARK: Choice

    private mutating func choose(_ fields: RequestFields, _ form: Form) throws(APIError) {
        guard let value = fields.value("tool_choice") else { return }
        switch value {
        case "none":
            choice = .none
            return
        case "auto": return
        case "required": choice = .required
        case .object: try choose(RequestFields(value, path: fields.name("tool_choice")), form, within: fields)
        default: throw Self.wrongChoice(fields)
        }
        if tools.isEmpty {
            throw .invalid(fields.name("tool_choice"), "'tool_choice' asks for a call, but 'tools' is missing or empty")
        }
    }

    private mutating func choose(
        _ named: RequestFields,
        _ form: Form,
        within fields: RequestFields
    ) throws(APIError) {
        switch try named.string("type") {
        case "function":
            let name = try Self.name(try Self.function(named, form))
            try check(name, fields)
            choice = .function(name)
        case "allowed_tools":
            var allowed = named
            if form == .nested, let value = named.value("allowed_tools") {
                allowed = try RequestFields(value, path: named.name("allowed_tools"))
            }
            try allow(allowed, form, within: fields)
        default: throw Self.wrongChoice(fields)
        }
    }

    /// Leaves some of the tools, of which one may or must be called.
    private mutating func allow(
        _ allowed: RequestFields,
        _ form: Form,
        within fields: RequestFields
    ) throws(APIError) {
        switch try allowed.string("mode") {
        case "auto": choice = .auto
        case "required": choice = .required
        default: throw .invalid(allowed.name("mode"), "'\(allowed.name("mode"))' must be auto or required")
        }
        var names = Set<String>()
        for (index, tool) in (try allowed.array("tools", maxCount: Self.mostTools) ?? []).enumerated() {
            let path = allowed.name("tools[\(index)]")
            let name = try Self.name(try Self.function(try RequestFields(tool, path: path), form))
            try check(name, fields)
            names.insert(name)
        }
        tools.removeAll { tool in !(Self.name(tool).map(names.contains) ?? false) }
    }

    private func check(_ name: String, _ fields: RequestFields) throws(APIError) {
        guard tools.contains(where: { Self.name($0) == name }) else {
            throw .invalid(fields.name("tool_choice"), "'tool_choice' names '\(name)', which is not among 'tools'")
        }
    }

    private static func wrongChoice(_ fields: RequestFields) -> APIError {
        .invalid(
            fields.name("tool_choice"),
            "'tool_choice' must be none, auto, required, or an object that names a function of 'tools'"
        )
    }
}
