package import Tokenizers

/// What the model is asked.
package enum Prompt: Sendable, Hashable {
    /// Text to continue as it stands.
    case text(String)
    /// A conversation, which the model's chat template turns into text.
    ///
    /// `tools` are JSON schemas in the OpenAI form; `variables` are further variables of the template, such as
    /// `enable_thinking`.
    case chat(
        [ChatMessage],
        tools: [JSONValue]? = nil,
        variables: JSONObject = JSONObject(),
        ending: Ending = .generationPrompt
    )
    case tokenIDs([Int])

    /// How the text of a conversation ends.
    package enum Ending: Sendable, Hashable {
        /// With the beginning of the assistant's answer.
        case generationPrompt
        /// With the last message.
        case messages
        /// Within the last message, so that the answer goes on with it.
        case finalMessage
    }
}

/// A prompt in the model's tokens, and what is known about it before the model begins.
package struct PreparedPrompt: Sendable, Hashable {
    package var tokenIDs: [Int]
    /// The text behind the tokens, special tokens included.
    package var text: String
    /// Whether what was asked is mostly Chinese; small reasoning models often do better in English.
    package var isMostlyChinese: Bool
    /// How the answer begins as far as the prompt says.
    package var opening: ReasoningSplitter.Opening
}
