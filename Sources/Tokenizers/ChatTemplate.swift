/// A checkpoint's chat template: turns a conversation into the text that the model continues.
///
/// Templates are Jinja, rendered as Hugging Face's `transformers` does. They come with a checkpoint and are not trusted:
/// steps, depth and size of the output are limited, and a template sees nothing but its variables.
package struct ChatTemplate: Sendable {
    /// The template's text.
    package let source: String
    private let statements: [Statement]
    private let specialTokens: JSONObject

    /// Parses a template.
    ///
    /// `specialTokens` are variables by name, such as "bos_token". Throws `.templateSyntax`, with the line, for what the
    /// supported part of Jinja does not have.
    package init(source: String, specialTokens: JSONObject = JSONObject()) throws(TokenizerError) {
        self.source = source
        self.specialTokens = specialTokens
        statements = try Parser.parse(source)
    }

    /// Loads the template of a checkpoint folder; nil when it has none.
    ///
    /// `chat_template.jinja` counts before the `chat_template` of `tokenizer_config.json`, which is one template or a
    /// list of named ones; of those `name` is taken ("default" by default).
    package static func load(directory: String, name: String = "default") throws(TokenizerError) -> ChatTemplate? {
        let configuration = try TokenizerConfiguration(directory: directory)
        var source = try FileBytes.readTextIfPresent(directory + "/chat_template.jinja")
        if name != "default" {
            let named = try FileBytes.readTextIfPresent(directory + "/additional_chat_templates/\(name).jinja")
            source = named ?? nil
        }
        if source == nil {
            switch configuration.fields["chat_template"] {
            case nil, .null?: break
            case .string(let text)?: source = name == "default" ? text : nil
            case .array(let templates)?:
                source = templates.first { $0["name"] == .string(name) }?["template"]?.string
            case let other?:
                throw TokenizerError(
                    .malformedFile,
                    "\(configuration.path): chat_template is \(other.kind), not a string or a list of templates"
                )
            }
        }
        guard let source else { return nil }
        return try ChatTemplate(source: source, specialTokens: configuration.templateVariables)
    }

    /// Renders a conversation.
    ///
    /// - Parameters:
    ///   - messages: The conversation, oldest first.
    ///   - tools: What the model may call, as JSON schemas in the OpenAI form; nil for none.
    ///   - addGenerationPrompt: Whether to end with the start of the assistant's answer.
    ///   - variables: Further variables of the template, such as "enable_thinking".
    ///   - now: The moment for `strftime_now`, in seconds since 1970.
    /// - Throws: `.templateFailed` when the template meets something it cannot use, `.templateRefused` when it calls
    ///   `raise_exception`, `.limitExceeded` when it runs too long, too deep or too large.
    package func render(
        messages: [ChatMessage],
        tools: [JSONValue]? = nil,
        addGenerationPrompt: Bool = true,
        variables: JSONObject = JSONObject(),
        now: Int? = nil
    ) throws(TokenizerError) -> String {
        var all = specialTokens
        all["messages"] = .array(messages.map(\.json))
        all["tools"] = tools.map { .array($0) } ?? .null
        all["documents"] = .null
        all["add_generation_prompt"] = .bool(addGenerationPrompt)
        for (key, value) in zip(variables.keys, variables.values) { all[key] = value }
        let renderer = Renderer(now: now ?? Calendar.now())
        for (key, value) in zip(all.keys, all.values) { try renderer.define(key, value) }
        return try renderer.render(statements)
    }
}

extension TokenizerConfiguration {
    /// The special tokens by their names, which templates use as variables.
    fileprivate var templateVariables: JSONObject {
        var variables = JSONObject()
        for key in fields.keys where key.hasSuffix("_token") {
            if let content = token(key) { variables[key] = .string(content) }
        }
        return variables
    }
}
