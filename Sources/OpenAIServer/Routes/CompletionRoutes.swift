import Hummingbird
import TextGeneration

/// `/v1/chat/completions` and `/v1/completions`.
struct CompletionRoutes: Sendable {
    let service: CompletionService

    func add(to router: Router<ServerContext>) {
        router.post("/v1/chat/completions") { request, context in try await chat(request, context) }
        router.post("/v1/completions") { request, context in try await completion(request, context) }
    }

    private func chat(_ request: Request, _ context: ServerContext) async throws -> Response {
        let (model, service) = (service.model, service)
        let (chat, prompt) = try await service.parse(request, context) { fields in
            let chat = try ChatRequest(fields, model.limits, defaults: model.defaults)
            try model.check(chat.generation.model)
            let prompt = Prompt.chat(chat.messages, tools: chat.tools.described)
            return (chat, try service.prepare(prompt, chat.generation.options, param: "messages"))
        }
        return try await service.answer(
            chat.generation,
            [prompt],
            { identity in
                ChatFormat(
                    identity: identity,
                    includeReasoning: chat.includeReasoning,
                    includeUsage: chat.generation.includeUsage,
                    isHeldToCalls: chat.generation.options.format?.isToolCalls ?? false
                )
            },
            idPrefix: "chatcmpl-",
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
                prompts.append(try service.prepare(prompt, completion.generation.options, param: "prompt"))
            }
            return (completion, prompts)
        }
        return try await service.answer(
            completion.generation,
            prompts,
            { CompletionFormat(identity: $0, includeUsage: completion.generation.includeUsage) },
            idPrefix: "cmpl-",
            context
        )
    }
}
