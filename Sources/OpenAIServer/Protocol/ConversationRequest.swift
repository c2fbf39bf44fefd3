import InferenceEngine
import TextGeneration
import Tokenizers

/// A request for the answers to a conversation.
protocol ConversationRequest: Sendable {
    /// The member that brings the conversation, which errors name.
    static var input: String { get }
    /// What the names of responses begin with.
    static var idPrefix: String { get }

    var generation: GenerationFields { get }
    var messages: [ChatMessage] { get }
    /// How the prompt ends.
    var ending: Prompt.Ending { get }
    var tools: ToolFields { get }
    /// Variables of the chat template.
    var variables: JSONObject { get }

    /// Throws a 400 that names what is wrong.
    init(_ fields: RequestFields, _ limits: RequestLimits, defaults: SamplingParameters) throws(APIError)

    /// How the answers are written.
    func format(_ identity: ResponseIdentity) -> any AnswerFormat
}

extension ConversationRequest {
    var ending: Prompt.Ending { .generationPrompt }
}
