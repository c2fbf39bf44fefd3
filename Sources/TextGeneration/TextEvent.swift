package import InferenceEngine

/// What arrives while a prompt is answered.
package enum TextEvent: Sendable {
    /// A piece of the model's thinking.
    case reasoning(String)
    /// A piece of the answer.
    case answer(String)
    /// The answer calls a tool; calls are numbered from 0.
    case toolCall(index: Int, name: String)
    /// A piece of the arguments of a call.
    case toolArguments(index: Int, String)
    /// About one token, when `SamplingParameters.logprobs` asks for it; its text may come with a later piece.
    case logprobs(TokenTextLogprobs)
    /// The last event; indirect, so that the many others are small where they are kept.
    indirect case finished(GenerationResult)
}

/// Log-probabilities of a drawn token and of the likeliest ones, with their text.
package struct TokenTextLogprobs: Sendable, Hashable, Codable {
    package struct Entry: Sendable, Hashable, Codable {
        package var id: Int
        /// What the token adds to a text; need not be whole characters.
        package var bytes: [UInt8]
        package var logprob: Float

        /// The bytes as text; what is not whole becomes U+FFFD.
        package var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    package var drawn: Entry
    /// Most probable first.
    package var top: [Entry]
    /// Whether the token was drawn while the model was thinking.
    package var isReasoning: Bool
    /// Unicode scalars of the text before it; a token that goes on within a character stands where that character does.
    package var offset: Int
}

/// An answer and what it cost.
package struct GenerationResult: Sendable, Hashable, Codable {
    /// Everything that the model wrote, thinking and tags included.
    package var text: String
    /// What the model thought; empty when it did not.
    package var reasoning: String
    /// What the model answered; empty when it did not get there.
    package var answer: String
    /// The calls of tools in the answer, when `GenerationOptions.tools` names some; they are no part of `answer`.
    package var toolCalls: [ToolCall]
    /// Everything that the model drew, with the stop token.
    package var tokenIDs: [Int]
    package var finishReason: FinishReason
    /// The stop string that ended the answer.
    package var stopString: String?
    package var usage: TokenUsage
    package var timings: GenerationTimings
    /// See `PreparedPrompt.isMostlyChinese`.
    package var promptIsMostlyChinese: Bool
}
