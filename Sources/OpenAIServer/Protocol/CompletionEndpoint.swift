import TextGeneration

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
    func read(_ endpoint: CompletionEndpoint, _ fields: RequestFields) throws(APIError) -> AskedAnswers {
        switch endpoint {
        case .chat: try conversation(ChatRequest.self, fields)
        case .responses: try conversation(ResponsesRequest.self, fields)
        case .completions: try completion(fields)
        }
    }

    private func conversation<Asked: ConversationRequest>(
        _: Asked.Type,
        _ fields: RequestFields
    ) throws(APIError) -> AskedAnswers {
        let asked = try Asked(fields, model.limits, defaults: model.defaults)
        try model.check(asked.generation.model)
        let prompt = Prompt.chat(asked.messages, tools: asked.tools.described)
        return AskedAnswers(
            generation: asked.generation,
            prompts: [try prepare(prompt, asked.generation, param: Asked.input)],
            idPrefix: Asked.idPrefix,
            operation: "chat",
            format: { asked.format($0) }
        )
    }

    private func completion(_ fields: RequestFields) throws(APIError) -> AskedAnswers {
        let asked = try CompletionRequest(fields, model.limits, defaults: model.defaults)
        try model.check(asked.generation.model)
        var prompts: [PreparedPrompt] = []
        for prompt in asked.prompts { prompts.append(try prepare(prompt, asked.generation, param: "prompt")) }
        return AskedAnswers(
            generation: asked.generation,
            prompts: prompts,
            idPrefix: "cmpl-",
            operation: "text_completion",
            format: { CompletionFormat(identity: $0, includeUsage: asked.generation.includeUsage) }
        )
    }
}
