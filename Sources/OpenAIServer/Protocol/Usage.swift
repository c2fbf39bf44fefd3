import TextGeneration

/// What a request cost, as OpenAI counts it: prompts once, answers all together.
struct Usage: Encodable, Sendable {
    struct PromptDetails: Encodable, Sendable {
        var cachedTokens: Int
    }

    struct CompletionDetails: Encodable, Sendable {
        var reasoningTokens: Int
    }

    var promptTokens: Int
    var completionTokens: Int
    var totalTokens: Int
    var promptTokensDetails: PromptDetails
    var completionTokensDetails: CompletionDetails
    /// Written beside it and not in it.
    var timings: Timings?
    /// For the log.
    var summary: AnswerSummary?

    private enum CodingKeys: CodingKey {
        case promptTokens, completionTokens, totalTokens, promptTokensDetails, completionTokensDetails
    }

    init(promptTokens: Int, cachedTokens: Int, answers: [TokenUsage]) {
        self.promptTokens = promptTokens
        completionTokens = answers.map(\.completionTokens).reduce(0, +)
        totalTokens = promptTokens + completionTokens
        promptTokensDetails = PromptDetails(cachedTokens: cachedTokens)
        completionTokensDetails = CompletionDetails(reasoningTokens: answers.map(\.reasoningTokens).reduce(0, +))
    }
}
