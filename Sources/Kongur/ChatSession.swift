import Synchronization

/// A conversation with a model: each answer is given with all that was said before it.
///
/// ```swift
/// let chat = ChatSession(model, instructions: "Answer in one sentence.")
/// print(try await chat.respond(to: "What is a prime number?"))
/// print(try await chat.respond(to: "Is 91 one?"))
/// ```
///
/// Answers are asked for one after the other. The model's cache keeps what was said, so that a long conversation is not
/// computed again for each answer.
public final class ChatSession: Sendable {
    public let model: LanguageModel
    public let instructions: String?
    private let history = Mutex<[Message]>([])
    private let settings: Mutex<GenerationParameters>

    public init(
        _ model: LanguageModel,
        instructions: String? = nil,
        parameters: GenerationParameters = GenerationParameters()
    ) {
        self.model = model
        self.instructions = instructions
        settings = Mutex(parameters)
    }

    /// How the next answers are drawn.
    public var parameters: GenerationParameters {
        get { settings.withLock { $0 } }
        set { settings.withLock { $0 = newValue } }
    }

    /// What was said, without the instructions and without thinking.
    public var messages: [Message] {
        history.withLock { $0 }
    }

    /// Forgets what was said.
    public func clear() {
        history.withLock { $0 = [] }
    }

    /// Says something and returns the answer, without the thinking before it.
    ///
    /// Throws `KongurError`; what was said is then as it was before.
    public func respond(to prompt: String) async throws -> String {
        try await streamResponse(to: prompt).result().answer
    }

    /// Says something and gives the answer as it comes.
    ///
    /// The conversation goes on from the answer when its last event has been read; an answer that is not read to the end
    /// is forgotten with its question.
    public func streamResponse(to prompt: String) -> AsyncThrowingStream<GenerationEvent, any Error> {
        let question = Message(.user, prompt)
        let said = messages + [question]
        let system = instructions.map { [Message(.system, $0)] } ?? []
        let events = Turn(model.generate(messages: system + said, parameters)) { [weak self] result in
            self?.history.withLock { $0 = said + [Message(.assistant, result.answer)] }
        }
        return AsyncThrowingStream { try await events.next() }
    }
}

/// One answer; tells `finished` what it was.
private actor Turn {
    private let events: AsyncThrowingStream<GenerationEvent, any Error>
    private let finished: @Sendable (GenerationResult) -> Void

    init(
        _ events: AsyncThrowingStream<GenerationEvent, any Error>,
        finished: @escaping @Sendable (GenerationResult) -> Void
    ) {
        self.events = events
        self.finished = finished
    }

    func next() async throws -> GenerationEvent? {
        // A stream's iterators share its place, so each call may have its own.
        var iterator = events.makeAsyncIterator()
        let event = try await iterator.next(isolation: self)
        if case .finished(let result) = event { finished(result) }
        return event
    }
}
