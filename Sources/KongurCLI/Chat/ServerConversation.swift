import Kongur
import OpenAIClient
import Synchronization
import TextGeneration

/// A conversation with a server's model.
final class ServerConversation: Conversation {
    private let client: ModelServerClient
    private let instructions: [AnswerRequest.Message]
    /// The model and how answers are drawn; its messages are those of each turn.
    private let parameters: AnswerRequest
    private let history = Mutex<[AnswerRequest.Message]>([])

    init(_ client: ModelServerClient, instructions: String?, _ parameters: AnswerRequest) {
        self.client = client
        self.instructions = instructions.map { [AnswerRequest.Message(role: "system", content: $0)] } ?? []
        self.parameters = parameters
    }

    var isEmpty: Bool { history.withLock { $0.isEmpty } }

    func clear() { history.withLock { $0 = [] } }

    func answer(_ text: String, _ handle: (AnswerEvent) -> Void) async throws {
        let said = history.withLock { $0 } + [AnswerRequest.Message(role: "user", content: text)]
        var request = parameters
        request.input = .messages(instructions + said)
        do {
            let answer = try await answer(request, handle)
            history.withLock { $0 = said + [AnswerRequest.Message(role: "assistant", content: answer)] }
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
    private var splitter = ReasoningSplitter(preambleLimit: 16)
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
