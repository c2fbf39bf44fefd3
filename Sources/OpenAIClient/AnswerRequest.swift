/// What a server is asked: a conversation or a text to go on with, and how the answer is drawn.
///
/// What is nil is not sent, so that the server decides.
package struct AnswerRequest: Sendable, Encodable {
    package enum Input: Sendable, Hashable {
        /// Answered by `/chat/completions`.
        case messages([Message])
        /// Continued by `/completions`.
        case prompt(String)
    }

    /// One message of a conversation.
    package struct Message: Sendable, Hashable, Encodable {
        package var role: String
        package var content: String

        package init(role: String, content: String) {
            self.role = role
            self.content = content
        }
    }

    package var model: String
    package var input: Input
    package var maxTokens: Int?
    package var temperature: Double?
    package var topP: Double?
    package var presencePenalty: Double?
    package var frequencyPenalty: Double?
    package var seed: UInt64?
    package var stop: [String]?
    /// Not of OpenAI's: known to vLLM, llama-server, OpenVINO and Kongur among others.
    package var topK: Int?
    package var minP: Double?
    package var repetitionPenalty: Double?
    package var ignoreEOS: Bool?
    package var thinkingTokenBudget: Int?
    /// auto, on or off; known to Kongur.
    package var reasoning: String?
    /// Whether the answer ends with how many tokens it took.
    package var includesUsage = true
    /// Whether an answer that the server has given before will do.
    package var usesCache = true

    package init(model: String, input: Input) {
        self.model = model
        self.input = input
    }

    var path: String {
        switch input {
        case .messages: "/chat/completions"
        case .prompt: "/completions"
        }
    }

    private enum Key: String, CodingKey {
        case model, messages, prompt, temperature, seed, stop, stream, reasoning
        case maxTokens = "max_tokens"
        case topP = "top_p"
        case presencePenalty = "presence_penalty"
        case frequencyPenalty = "frequency_penalty"
        case topK = "top_k"
        case minP = "min_p"
        case repetitionPenalty = "repetition_penalty"
        case ignoreEOS = "ignore_eos"
        case thinkingTokenBudget = "thinking_token_budget"
        case streamOptions = "stream_options"
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(model, forKey: .model)
        switch input {
        case .messages(let messages): try fields.encode(messages, forKey: .messages)
        case .prompt(let text): try fields.encode(text, forKey: .prompt)
        }
        try fields.encodeIfPresent(maxTokens, forKey: .maxTokens)
        try fields.encodeIfPresent(temperature, forKey: .temperature)
        try fields.encodeIfPresent(topP, forKey: .topP)
        try fields.encodeIfPresent(presencePenalty, forKey: .presencePenalty)
        try fields.encodeIfPresent(frequencyPenalty, forKey: .frequencyPenalty)
        try fields.encodeIfPresent(seed, forKey: .seed)
        try fields.encodeIfPresent(stop, forKey: .stop)
        try fields.encodeIfPresent(topK, forKey: .topK)
        try fields.encodeIfPresent(minP, forKey: .minP)
        try fields.encodeIfPresent(repetitionPenalty, forKey: .repetitionPenalty)
        try fields.encodeIfPresent(ignoreEOS, forKey: .ignoreEOS)
        try fields.encodeIfPresent(thinkingTokenBudget, forKey: .thinkingTokenBudget)
        try fields.encodeIfPresent(reasoning, forKey: .reasoning)
        try fields.encode(true, forKey: .stream)
        if includesUsage { try fields.encode(["include_usage": true], forKey: .streamOptions) }
    }
}
