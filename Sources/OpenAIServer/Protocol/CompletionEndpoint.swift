import TextGeneration
import Tokenizers

/// The routes that give answers, by their paths.
enum CompletionEndpoint: String, CaseIterable, Sendable {
    case chat = "/v1/chat/completions"
    case completions = "/v1/completions"
    case responses = "/v1/responses"
}

/// A request that has been read, and whose prompts are ready.
struct AskedAnswers: Sendable {
    var generation: GenerationFields
    var prompts: [PreparedPrompt]
    /// What was compiled for the form of the answers.
    var formats: [PreparedFormat]
    /// What the names of its responses begin with.
    var idPrefix: String
    /// What traces call it.
    var operation: String
    /// How its answers are written.
    var format: @Sendable (ResponseIdentity) -> any AnswerFormat
}

extension CompletionService {
    /// Reads what is asked of an endpoint.
    ///
    /// Takes as long as the template and the tokenizer do. Throws a 400 that names what is wrong, and a 404 for another model.
    func read(
        _ endpoint: CompletionEndpoint,
        _ fields: RequestFields,
        _ work: RequestWork
    ) throws(APIError) -> AskedAnswers {
        let asked =
            switch endpoint {
            case .chat: try conversation(ChatRequest.self, fields, work)
            case .responses: try conversation(ResponsesRequest.self, fields, work)
            case .completions: try completion(fields, work)
            }
        if configuration.refusesUnknownFields, let unknown = asked.generation.ignored.first {
            let name = unknown.escaped(limit: 64)
            throw .invalid(
                unknown,
                "'\(name)' is not known here; --strict-fields refuses such fields",
                code: "unknown_parameter"
            )
        }
        return asked
    }

    private func conversation<Asked: ConversationRequest>(
        _: Asked.Type,
        _ fields: RequestFields,
        _ work: RequestWork
    ) throws(APIError) -> AskedAnswers {
        let asked = try Asked(fields, model.limits, defaults: model.defaults)
        try model.check(asked.generation.model)
        var generation = asked.generation
        // How the server is set counts as if it had been asked for: answers are kept by what they were asked with.
        generation.options.reasoning =
            generation.options.reasoning ?? ReasoningMode(asked.variables) ?? model.generator.reasoning
        let prompt = Prompt.chat(
            asked.messages,
            tools: asked.tools.described,
            variables: (generation.options.reasoning?.templateVariables ?? JSONObject()).merging(asked.variables),
            ending: asked.ending
        )
        let (prepared, formats) = try prepare(prompt, generation, param: Asked.input, work)
        return AskedAnswers(
            generation: generation,
            prompts: [prepared],
            formats: formats,
            idPrefix: Asked.idPrefix,
            operation: "chat",
            format: { asked.format($0) }
        )
    }

    private func completion(_ fields: RequestFields, _ work: RequestWork) throws(APIError) -> AskedAnswers {
        let asked = try CompletionRequest(fields, model.limits, defaults: model.defaults)
        try model.check(asked.generation.model)
        var prompts: [PreparedPrompt] = []
        var formats: [PreparedFormat] = []
        for prompt in asked.prompts {
            let (prepared, made) = try prepare(prompt, asked.generation, param: "prompt", work)
            prompts.append(prepared)
            formats += made.filter { one in !formats.contains { $0 === one } }
        }
        return AskedAnswers(
            generation: asked.generation,
            prompts: prompts,
            formats: formats,
            idPrefix: "cmpl-",
            operation: "text_completion",
            format: { CompletionFormat(identity: $0, includeUsage: asked.generation.includeUsage) }
        )
    }
}
