import Hummingbird
import TextGeneration

/// `/v1/chat/completions`, `/v1/completions` and `/v1/responses`.
struct CompletionRoutes: Sendable {
    let service: CompletionService

    func add(to router: Router<ServerContext>) {
        router.post("/v1/chat/completions") { request, context in
            try await converse(ChatRequest.self, request, context)
        }
        router.post("/v1/completions") { request, context in try await completion(request, context) }
        router.post("/v1/responses") { request, context in
            try await converse(ResponsesRequest.self, request, context)
        }
    }

    private func converse<Asked: ConversationRequest>(
        _: Asked.Type,
        _ request: Request,
        _ context: ServerContext
    ) async throws -> Response {
        let (model, service) = (service.model, service)
        let (asked, prompt) = try await service.parse(request, context) { fields in
            let asked = try Asked(fields, model.limits, defaults: model.defaults)
            try model.check(asked.generation.model)
            let prompt = Prompt.chat(asked.messages, tools: asked.tools.described)
            return (asked, try service.prepare(prompt, asked.generation, param: Asked.input))
        }
        return try await service.answer(
            asked.generation,
            [prompt],
            asked.format,
            idPrefix: Asked.idPrefix,
            operation: "chat",
            context
        )
    }

    private func completion(_ request: Request, _ context: ServerContext) async throws -> Response {
        let (model, service) = (service.model, service)
        let (completion, prompts) = try await service.parse(request, context) { fields in
            let completion = try CompletionRequest(fields, model.limits, defaults: model.defaults)
            try model.check(completion.generation.model)
            var prompts: [PreparedPrompt] = []
            for prompt in completion.prompts {
                prompts.append(try service.prepare(prompt, completion.generation, param: "prompt"))
            }
            return (completion, prompts)
        }
        return try await service.answer(
            completion.generation,
            prompts,
            { CompletionFormat(identity: $0, includeUsage: completion.generation.includeUsage) },
            idPrefix: "cmpl-",
            operation: "text_completion",
            context
        )
    }
}
