import InferenceEngine
import TextGeneration
import Tokenizers

/// The body of `/v1/responses`.
struct ResponsesRequest: ConversationRequest {
    static let input = "input"
    static let idPrefix = "resp_"

    var generation: GenerationFields
    var messages: [ChatMessage]
    var tools: ToolFields
    var variables: JSONObject
    /// Whether the answer tells what the model thought.
    var includeReasoning: Bool
    /// What the response repeats of the request, or says in its place.
    var repeated: JSONObject

    /// OpenAI's limits.
    private static let mostMetadata = 16
    private static let longestKey = 64
    private static let longestValue = 512

    init(_ fields: RequestFields, _ limits: RequestLimits, defaults: SamplingParameters) throws(APIError) {
        _ = try fields.bool("store")
        let topLogprobs = try fields.int("top_logprobs", in: 0...SamplingParameters.maxLogprobs) ?? 0
        let included = try fields.array("include", maxCount: 64) ?? []
        generation = try GenerationFields(
            fields,
            limits,
            defaults: defaults,
            logprobs: included.contains("message.output_text.logprobs") ? topLogprobs : nil,
            .responses
        )
        let reasoning = try ReasoningFields(fields)
        reasoning.apply(to: &generation.options)
        includeReasoning = reasoning.isIncluded
        messages = try ResponseInput.messages(fields, limits)
        variables = try TemplateVariables.variables(fields)
        tools = try ToolFields(fields, .flat)
        try tools.apply(to: &generation.options)

        let sampling = generation.options.sampling
        repeated = JSONObject()
        repeated["background"] = false
        repeated["instructions"] = fields.value("instructions") ?? .null
        repeated["max_output_tokens"] = generation.options.maxNewTokens.map { .int($0) } ?? .null
        repeated["metadata"] = try Self.metadata(fields)
        repeated["parallel_tool_calls"] = .bool(tools.isParallel)
        repeated["previous_response_id"] = .null
        repeated["reasoning"] = ["effort": reasoning.effort, "summary": nil]
        repeated["store"] = false
        repeated["temperature"] = Self.number(sampling.temperature)
        repeated["text"] = ["format": fields.value("text")?["format"] ?? ["type": "text"]]
        repeated["tool_choice"] = fields.value("tool_choice") ?? "auto"
        repeated["tools"] = .array(tools.flat)
        repeated["top_logprobs"] = .int(topLogprobs)
        repeated["top_p"] = Self.number(sampling.topP)
        repeated["truncation"] = "disabled"
        repeated["user"] = fields.value("user")
    }

    func format(_ identity: ResponseIdentity) -> any AnswerFormat {
        ResponsesFormat(identity, repeating: repeated, includeReasoning: includeReasoning)
    }

    /// A request's notes for itself, as OpenAI bounds them.
    static func metadata(_ fields: RequestFields) throws(APIError) -> JSONValue {
        guard let value = fields.value("metadata") else { return [:] }
        guard let pairs = value.object, pairs.count <= mostMetadata,
            pairs.keys.allSatisfy({ $0.count <= longestKey }),
            pairs.values.allSatisfy({ $0.string.map { $0.count <= longestValue } ?? false })
        else {
            throw .invalid(
                "metadata",
                "'metadata' must be an object of at most \(mostMetadata) strings, with names of at most \(longestKey) characters and values of at most \(longestValue)"
            )
        }
        return value
    }

    /// A number as it was written: 0.6 and not the nearest one of 32 bits.
    private static func number(_ value: Float) -> JSONValue { Double("\(value)").map { .double($0) } ?? .null }
}
