import Kongur

/// The longest answer of `run` and `chat` where nobody says: what the model's authors suggest, or a bound of our own, since
/// small models repeat themselves for ever.
struct AnswerBound {
    static let tokens = 4096
    /// For models that think.
    static let thinkingTokens = 32_768

    static let help =
        "The longest answer in tokens, thinking included. Default for run and chat: what the model's authors suggest, else \(tokens), or \(thinkingTokens) for a model that thinks."

    let tokens: Int
    private let isSuggested: Bool

    /// The bound for a model.
    init(_ model: LanguageModel) {
        isSuggested = model.suggestedLength != nil
        tokens = model.suggestedLength ?? (model.knowsThinking ? Self.thinkingTokens : Self.tokens)
    }

    /// Bounds parameters that do not say how long an answer may be; nil when they do.
    static func bounding(_ parameters: inout GenerationParameters, _ model: LanguageModel) -> AnswerBound? {
        guard parameters.maxNewTokens == nil, !parameters.ignoreEOS else { return nil }
        let bound = AnswerBound(model)
        parameters.maxNewTokens = bound.tokens
        return bound
    }

    /// Says that an answer was cut here.
    var note: String {
        let origin = isSuggested ? "as the model's authors suggest" : "the default"
        return "kongur: note: the answer was cut at \(tokens) tokens, \(origin); --max-new-tokens allows more"
    }
}
