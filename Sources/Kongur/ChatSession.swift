import Synchronization

/// A conversation with a model: each answer is given with all that was said before it.
///
/// ```swift
/// let chat = ChatSession(model, instructions: "Answer in one sentence.")
/// print(try await chat.respond(to: "What is a prime number?"))
/// print(try await chat.respond(to: "Is 91 one?"))
/// ```
///
/// Answers are given one after the other, so that no turn is lost: `respond(to:)` waits for the answers that were asked for
/// before. The model's cache keeps what was said, so that a long conversation is not computed again for each answer.
public final class ChatSession: Sendable {
    public let model: LanguageModel
    private let history: Mutex<History>
    private let settings: Mutex<GenerationParameters>
    private let turns = TurnQueue()

    private struct History {
        var instructions: String?
        var messages: [Message] = []
        /// How often it was cleared or set.
        var clearings = 0
    }

    public init(
        _ model: LanguageModel,
        instructions: String? = nil,
        parameters: GenerationParameters = GenerationParameters()
    ) {
        self.model = model
        history = Mutex(History(instructions: instructions))
        settings = Mutex(parameters)
    }

    /// How the next answers are drawn.
    public var parameters: GenerationParameters {
        get { settings.withLock { $0 } }
        set { settings.withLock { $0 = newValue } }
    }

    /// The system message, which stands before all that is said.
    public var instructions: String? {
        get { history.withLock(\.instructions) }
        set { history.withLock { $0.instructions = newValue } }
    }

    /// What was said, without the instructions and without thinking.
    ///
    /// Setting it goes on with another conversation, and forgets the turn that is under way once it is over.
    public var messages: [Message] {
        get { history.withLock(\.messages) }
        set {
            history.withLock {
                $0.messages = newValue
                $0.clearings += 1
            }
        }
    }

    /// Whether an answer is under way.
    public var isResponding: Bool { turns.isTaken }

    /// Forgets what was said, and the turn that is under way once it is over.
    public func clear() { messages = [] }

    /// Says something and returns the answer, without the thinking before it.
    ///
    /// Waits for calls of itself that came before, and throws `.busy` while the answer of a stream is being read: that one
    /// may never be read to its end. Throws `KongurError`; what was said is then as it was before.
    public func respond(to prompt: String) async throws -> String {
        let turn: TurnQueue.Turn
        do {
            turn = try await turns.next()
        } catch {
            throw KongurError(error)
        }
        defer { turn.end() }
        return try await answer(prompt, in: turn).result().answer
    }

    /// Says something and gives the answer as it comes.
    ///
    /// The turn begins when the first event is read, which throws `.busy` while another answer is under way, and ends with
    /// the last event, an error, or when the stream is let go. The conversation goes on from an answer that was read to its
    /// end; any other is forgotten with its question.
    public func streamResponse(to prompt: String) -> AsyncThrowingStream<GenerationEvent, any Error> {
        let events = StreamedTurn { [self] in
            let turn = try turns.stream()
            return (turn, answer(prompt, in: turn))
        }
        return AsyncThrowingStream { try await events.next() }
    }

    /// The answer to what was said and `prompt`; when its last event is read, both are part of what was said.
    private func answer(
        _ prompt: String,
        in turn: TurnQueue.Turn
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        let question = Message(.user, prompt)
        let before = history.withLock { $0 }
        let system = before.instructions.map { [Message(.system, $0)] } ?? []
        let events = model.generate(messages: system + before.messages + [question], parameters)
        return AsyncThrowingStream { [self] in
            // A stream's iterators share its place, so each call may have its own.
            var iterator = events.makeAsyncIterator()
            let event = try await iterator.next()
            if case .finished(let result) = event {
                history.withLock { history in
                    guard history.clearings == before.clearings else { return }
                    history.messages += [question, Message(.assistant, result.answer)]
                }
                turn.end()
            }
            return event
        }
    }
}

/// An answer that begins when it is first read.
private actor StreamedTurn {
    typealias Events = AsyncThrowingStream<GenerationEvent, any Error>

    private let begin: @Sendable () throws -> (TurnQueue.Turn, Events)
    private var events: Events?
    /// Ends when this is let go.
    private var turn: TurnQueue.Turn?

    init(begin: @escaping @Sendable () throws -> (TurnQueue.Turn, Events)) {
        self.begin = begin
    }

    func next() async throws -> GenerationEvent? {
        if events == nil { (turn, events) = try begin() }
        guard let events else { return nil }
        var iterator = events.makeAsyncIterator()
        do {
            let event = try await iterator.next(isolation: self)
            if event == nil { turn?.end() }
            return event
        } catch {
            turn?.end()
            throw error
        }
    }
}
