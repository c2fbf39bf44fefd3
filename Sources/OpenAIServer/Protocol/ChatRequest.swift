import InferenceEngine
import TextGeneration
import Tokenizers

/// The body of `/v1/chat/completions`.
struct ChatRequest: ConversationRequest {
    static let input = "messages"
    static let idPrefix = "chatcmpl-"

    var generation: GenerationFields
    var messages: [ChatMessage]
    var ending: Prompt.Ending
    var tools: ToolFields
    var variables: JSONObject
    /// Whether the answer tells what the model thought.
    var includeReasoning: Bool

    init(_ fields: RequestFields, _ limits: RequestLimits, defaults: SamplingParameters) throws(APIError) {
        generation = try GenerationFields(
            fields,
            limits,
            defaults: defaults,
            logprobs: try Self.logprobs(fields),
            .chat
        )
        let reasoning = try ReasoningFields(fields)
        reasoning.apply(to: &generation.options)
        includeReasoning = reasoning.isIncluded
        messages = try ChatMessages.messages(fields, limits)
        ending = try ChatMessages.ending(fields, of: messages)
        variables = try TemplateVariables.variables(fields)
        tools = try ToolFields(fields, .nested)
        try tools.apply(to: &generation.options)
    }

    func format(_ identity: ResponseIdentity) -> any AnswerFormat {
        ChatFormat(
            identity: identity,
            includeReasoning: includeReasoning,
            includeUsage: generation.includeUsage,
            isHeldToCalls: generation.options.format?.isToolCalls ?? false
        )
    }

    private static func logprobs(_ fields: RequestFields) throws(APIError) -> Int? {
        let top = try fields.int("top_logprobs", in: 0...SamplingParameters.maxLogprobs)
        let isAsked = try fields.bool("logprobs") ?? false
        guard isAsked else {
            if let top, top > 0 {
                throw .invalid("top_logprobs", "'top_logprobs' is for requests with 'logprobs': true")
            }
            return nil
        }
        return top ?? 0
    }
}
