import Kongur

/// What `kongur chat` talks with: a model of this machine, or one of a server.
protocol Conversation: Sendable {
    /// Whether nothing has been said yet.
    var isEmpty: Bool { get }

    /// Forgets what was said.
    func clear()

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
    var isEmpty: Bool { messages.isEmpty }

    func answer(_ text: String, _ handle: (AnswerEvent) -> Void) async throws {
        for try await event in streamResponse(to: text) { handle(AnswerEvent(event)) }
    }
}
