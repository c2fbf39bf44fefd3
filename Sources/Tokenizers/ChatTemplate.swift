/// A checkpoint's chat template: turns a conversation into the text that the model continues.
///
/// Templates are Jinja, rendered as Hugging Face's `transformers` does. They come with a checkpoint and are not trusted:
/// steps, depth and size of the output are limited, and a template sees nothing but its variables.
package struct ChatTemplate: Sendable {
    private let variants: [String: Variant]
    private let specialTokens: JSONObject

    /// Variables that `prompt` sets itself.
    package static let reservedVariables: Set<String> = ["messages", "tools", "add_generation_prompt"]

    /// Whether a template has a text in it, such as a tag.
    package func mentions(_ text: String) -> Bool { variants.values.contains { $0.source.contains(text) } }

    private static let standard = "default"
    private static let withTools = "tool_use"

    /// One of the templates of a checkpoint.
    private struct Variant: Sendable {
        let source: String
        let parsed: ParsedTemplate
        let traits: TemplateTraits

        init(_ source: String, _ specialTokens: JSONObject) throws(TokenizerError) {
            let parsed = try Parser.parse(source)
            self.source = source
            self.parsed = parsed
            traits = TemplateTraits { messages, tools in
                let renderer = Renderer(parsed, now: 0, work: Work(most: 200_000))
                return try? renderer.render(messages, tools, specialTokens: specialTokens)
            }
        }
    }

    /// Parses a template.
    ///
    /// `specialTokens` are variables by name, such as "bos_token". Throws `.templateSyntax`, with the line, for what is no
    /// Jinja.
    package init(source: String, specialTokens: JSONObject = JSONObject()) throws(TokenizerError) {
        try self.init(sources: [Self.standard: source], specialTokens: specialTokens)
    }

    /// Parses templates by their names; "tool_use" is taken for requests with tools, and "default" for all others.
    package init(
        sources: [String: String],
        specialTokens: JSONObject = JSONObject()
    ) throws(TokenizerError) {
        self.specialTokens = specialTokens
        var variants: [String: Variant] = [:]
        for (name, source) in sources { variants[name] = try Variant(source, specialTokens) }
        self.variants = variants
    }

    /// Loads the templates of a checkpoint folder; nil when it has none.
    ///
    /// `chat_template.jinja` and `additional_chat_templates/NAME.jinja` count before the `chat_template` of
    /// `tokenizer_config.json`, which is one template or a list of named ones. With a `name`, that one alone is taken.
    package static func load(directory: String, name: String? = nil) throws(TokenizerError) -> ChatTemplate? {
        let configuration = try TokenizerConfiguration(directory: directory)
        var sources: [String: String] = [:]
        switch configuration.fields["chat_template"] {
        case nil, .null?: break
        case .string(let text)?: sources[standard] = text
        case .array(let templates)?:
            for template in templates {
                if let name = template["name"]?.string { sources[name] = template["template"]?.string }
            }
        case let other?:
            throw TokenizerError(
                .malformedFile,
                "\(configuration.path): chat_template is \(other.kind), not a string or a list of templates"
            )
        }
        // The older place for models that come with a processor.
        let legacy = directory + "/chat_template.json"
        if sources.isEmpty, let bytes = try FileBytes.readIfPresent(legacy) {
            sources[standard] = try JSONValue(parsing: bytes, name: legacy)["chat_template"]?.string
        }
        let folder = directory + "/additional_chat_templates"
        for file in FileBytes.names(in: folder) where file.hasSuffix(".jinja") {
            sources[String(file.dropLast(6))] = try FileBytes.readTextIfPresent("\(folder)/\(file)")
        }
        if let text = try FileBytes.readTextIfPresent(directory + "/chat_template.jinja") { sources[standard] = text }
        if let name { sources = sources[name].map { [name: $0] } ?? [:] }
        guard !sources.isEmpty else { return nil }
        return try ChatTemplate(sources: sources, specialTokens: configuration.templateVariables)
    }

    /// Renders a conversation for a model to answer.
    ///
    /// What the template does not write by itself is put into the form that it does: see `TemplateConversation`.
    ///
    /// - Parameters:
    ///   - messages: The conversation, oldest first.
    ///   - tools: What the model may call, as JSON schemas in the OpenAI form; nil for none.
    ///   - addGenerationPrompt: Whether to end with the start of the assistant's answer.
    ///   - variables: Further variables of the template, such as "enable_thinking".
    ///   - now: The moment for `strftime_now`, in seconds since 1970.
    /// - Throws: `.templateFailed` when the template meets something it cannot use, `.templateRefused` when it calls
    ///   `raise_exception`, `.limitExceeded` when it runs too long, too deep or too large.
    package func prompt(
        messages: [ChatMessage],
        tools: [JSONValue]? = nil,
        addGenerationPrompt: Bool = true,
        variables: JSONObject = JSONObject(),
        now: Int? = nil
    ) throws(TokenizerError) -> MarkedText {
        let variant = try variant(tools != nil)
        func rendered(_ traits: TemplateTraits) throws(TokenizerError) -> MarkedText {
            let conversation = TemplateConversation(messages, tools: tools, traits: traits)
            return try Renderer(variant.parsed, now: now ?? Calendar.now()).render(
                conversation.messages,
                conversation.tools,
                specialTokens: specialTokens,
                variables: variables,
                addGenerationPrompt: addGenerationPrompt
            )
        }
        let text = try rendered(variant.traits)
        guard tools?.isEmpty == false, !text.contains(.tools) else { return text }
        // It wrote of tools in the probe, or was no template of a chat there; here it drops them.
        var traits = variant.traits
        traits.hasTools = false
        let described = try rendered(traits)
        guard described.contains(.tools) else {
            throw TokenizerError(
                .templateFailed,
                "chat template: it does not tell the model of the tools; leave them out, or give the model another template"
            )
        }
        return described
    }

    /// Renders a conversation exactly as it is given.
    package func render(
        messages: [ChatMessage],
        tools: [JSONValue]? = nil,
        addGenerationPrompt: Bool = true,
        variables: JSONObject = JSONObject(),
        now: Int? = nil
    ) throws(TokenizerError) -> String {
        try Renderer(try variant(tools != nil).parsed, now: now ?? Calendar.now()).render(
            messages.map(TemplateMessage.init),
            tools,
            specialTokens: specialTokens,
            variables: variables,
            addGenerationPrompt: addGenerationPrompt
        ).text
    }

    private func variant(_ hasTools: Bool) throws(TokenizerError) -> Variant {
        if hasTools, let found = variants[Self.withTools] { return found }
        if let found = variants[Self.standard] { return found }
        if variants.count == 1, let only = variants.values.first { return only }
        throw TokenizerError(
            .templateFailed,
            "chat template: there are \(variants.keys.sorted().joined(separator: ", ")), and none of them is the default"
        )
    }
}

extension Renderer {
    fileprivate func render(
        _ messages: [TemplateMessage],
        _ tools: [JSONValue]?,
        specialTokens: JSONObject,
        variables: JSONObject = JSONObject(),
        addGenerationPrompt: Bool = true
    ) throws(TokenizerError) -> MarkedText {
        var values: [Value] = []
        for message in messages { values.append(try value(message)) }
        define("messages", try list(values))
        define("tools", try tools.map { (tools) throws(TokenizerError) in try value(.array(tools), .tools) } ?? .none)
        define("documents", .none)
        define("add_generation_prompt", .bool(addGenerationPrompt))
        for (names, origin) in [(specialTokens, TextOrigin.template), (variables, .variable)] {
            for (name, entry) in zip(names.keys, names.values) { define(name, try value(entry, origin)) }
        }
        return try render()
    }
}
