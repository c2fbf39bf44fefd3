import Kongur

/// What `kongur chat` talks with: a model of this machine, or one of a server.
protocol Conversation: Sendable {
    /// The system message of all of it.
    var instructions: String? { get nonmutating set }

    /// What was said, question and answer in turn, without thinking.
    var said: [SavedConversation.Message] { get nonmutating set }

    /// Draws the next answers so.
    func use(_ sampling: SamplingArguments)

    /// Says something and hands over the answer as it comes.
    ///
    /// Throws `KongurError`; what was said is then as it was before.
    func answer(_ text: String, _ handle: (AnswerEvent) -> Void) async throws
}

/// A part of an answer, for a person to read.
enum AnswerEvent {
    /// A piece of the thinking that precedes the answer.
    case reasoning(String)
    case answer(String)
    case finished(AnswerSummary)

    init(_ event: GenerationEvent) {
        self =
            switch event {
            case .reasoning(let piece): .reasoning(piece)
            case .answer(let piece): .answer(piece)
            case .finished(let result): .finished(AnswerSummary(result))
            }
    }
}

extension ChatSession: Conversation {
    var said: [SavedConversation.Message] {
        get { messages.map { SavedConversation.Message(role: $0.role.rawValue, content: $0.content) } }
        set { messages = newValue.map { Message($0.role == "user" ? .user : .assistant, $0.content) } }
    }

    func use(_ sampling: SamplingArguments) {
        var parameters = sampling.parameters
        _ = AnswerBound.bounding(&parameters, model)
        self.parameters = parameters
    }

    func answer(_ text: String, _ handle: (AnswerEvent) -> Void) async throws {
        for try await event in streamResponse(to: text) { handle(AnswerEvent(event)) }
    }
}
