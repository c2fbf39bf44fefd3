import Hummingbird
import TextGeneration
import Tokenizers

/// `/tokenize` and `/detokenize`, in vLLM's form.
struct TokenRoutes: Sendable {
    let service: CompletionService

    private struct Tokens: Encodable, Sendable {
        var tokens: [Int]
        var count: Int
        var maxModelLen: Int
    }

    private struct Text: Encodable, Sendable {
        var prompt: String
    }

    func add(to router: Router<ServerContext>) {
        router.post("/tokenize") { request, context in
            try Response(json: await service.parse(request, context, tokenize))
        }
        router.post("/detokenize") { request, context in
            try Response(json: await service.parse(request, context, detokenize))
        }
    }

    /// The tokens of a text, or of a conversation as the model would be given it.
    @Sendable private func tokenize(_ fields: RequestFields, _ work: RequestWork) throws -> Tokens {
        let model = service.model
        try checkModel(fields)
        let tokens: [Int]
        if let text = try fields.string("prompt") {
            let adds = try fields.bool("add_special_tokens") ?? true
            tokens = model.generator.tokenizer.encode(text, addSpecialTokens: adds)
        } else {
            guard fields.value("messages") != nil else {
                throw APIError.invalid("prompt", "give either 'prompt' or 'messages'")
            }
            let messages = try ChatMessages.messages(fields, model.limits)
            let tools = try ToolFields(fields, .nested)
            let ending = try ChatMessages.ending(fields, of: messages)
            let variables = try TemplateVariables.variables(fields)
            let reasoning = try ReasoningFields(fields).mode ?? ReasoningMode(variables) ?? model.generator.reasoning
            let prompt = Prompt.chat(
                messages,
                tools: tools.described,
                variables: reasoning.templateVariables.merging(variables),
                ending: ending
            )
            do {
                tokens = try model.generator.prepare(prompt).tokenIDs
            } catch {
                throw APIError.invalid("messages", error.message)
            }
        }
        return Tokens(tokens: tokens, count: tokens.count, maxModelLen: model.limits.contextLength)
    }

    @Sendable private func detokenize(_ fields: RequestFields, _ work: RequestWork) throws -> Text {
        let model = service.model
        try checkModel(fields)
        guard let tokens = try fields.array("tokens", maxCount: .max) else {
            throw APIError.invalid("tokens", "'tokens' is missing: give a list of token ids")
        }
        let ids = try CompletionRequest.tokenIDs(tokens, model.limits, name: "tokens")
        return Text(prompt: model.generator.tokenizer.decode(ids, skipSpecial: false))
    }

    private func checkModel(_ fields: RequestFields) throws(APIError) {
        if let name = try fields.string("model") { try service.model.check(name) }
    }
}
