import Kongur
import OpenAIClient
import Synchronization
import TextGeneration

/// A conversation with a server's model.
final class ServerConversation: Conversation {
    private struct State {
        var instructions: String?
        /// The model and how answers are drawn; its messages are those of each turn.
        var parameters: AnswerRequest
        var said: [SavedConversation.Message] = []
    }

    private let client: ModelServerClient
    private let state: Mutex<State>

    init(_ client: ModelServerClient, model: String, instructions: String?, _ sampling: SamplingArguments) {
        self.client = client
        let parameters = AnswerRequest(model: model, input: .messages([]), sampling)
        state = Mutex(State(instructions: instructions, parameters: parameters))
    }

    var instructions: String? {
        get { state.withLock(\.instructions) }
        set { state.withLock { $0.instructions = newValue } }
    }

    var said: [SavedConversation.Message] {
        get { state.withLock(\.said) }
        set { state.withLock { $0.said = newValue } }
    }

    func use(_ sampling: SamplingArguments) {
        state.withLock { $0.parameters = AnswerRequest(model: $0.parameters.model, input: .messages([]), sampling) }
    }

    func answer(_ text: String, _ handle: (AnswerEvent) -> Void) async throws {
        let now = state.withLock { $0 }
        let said = now.said + [SavedConversation.Message(role: "user", content: text)]
        let messages = SavedConversation(instructions: now.instructions, said).messages
        var request = now.parameters
        request.input = .messages(messages.map { AnswerRequest.Message(role: $0.role, content: $0.content) })
        do {
            let answer = try await answer(request, handle)
            self.said = said + [SavedConversation.Message(role: "assistant", content: answer)]
        } catch {
            throw KongurError(asking: error)
        }
    }

    private func answer(_ request: AnswerRequest, _ handle: (AnswerEvent) -> Void) async throws -> String {
        var timing = AnswerTiming()
        var text = AnswerText()
        for try await chunk in try await client.stream(request) {
            timing.add(chunk)
            for event in text.append(chunk) { handle(event) }
        }
        for event in text.finish() { handle(event) }
        handle(.finished(AnswerSummary(timing)))
        return text.answer
    }
}

/// Tells thinking from answer: by the server's word, or by the tags in the text where the server passes them on.
private struct AnswerText {
    private var splitter = ReasoningSplitter()
    private var isSplitByServer = false
    private var plain = ""

    /// All of the answer so far, without thinking.
    var answer: String { splitter.answer + plain }

    mutating func append(_ chunk: AnswerChunk) -> [AnswerEvent] {
        var events: [AnswerEvent] = []
        if !chunk.reasoning.isEmpty {
            if !isSplitByServer { events += finish() }
            isSplitByServer = true
            events.append(.reasoning(chunk.reasoning))
        }
        guard !chunk.text.isEmpty else { return events }
        guard isSplitByServer else { return events + splitter.append(chunk.text).map(Self.event) }
        plain += chunk.text
        return events + [.answer(chunk.text)]
    }

    mutating func finish() -> [AnswerEvent] { splitter.finish().map(Self.event) }

    private static func event(_ piece: ReasoningSplitter.Piece) -> AnswerEvent {
        switch piece {
        case .reasoning(let text): .reasoning(text)
        case .answer(let text): .answer(text)
        }
    }
}
