import TextGeneration

/// Turns a run's text events into pieces, one or none for each event.
///
/// With log-probabilities a piece waits for those of its token, so that both arrive together.
struct AnswerPieces {
    private let hasLogprobs: Bool
    private var waiting: [AnswerPiece]

    init(choices: Int, hasLogprobs: Bool) {
        self.hasLogprobs = hasLogprobs
        waiting = (0..<choices).map { AnswerPiece(choice: $0) }
    }

    mutating func append(_ choice: Int, _ event: TextEvent) -> AnswerPiece? {
        switch event {
        case .reasoning(let text): waiting[choice].reasoning += text
        case .answer(let text): waiting[choice].text += text
        case .toolCall(let index, let name):
            waiting[choice].calls.append(ToolCallPiece(index: index, name: name))
        case .toolArguments(let index, let text):
            waiting[choice].calls.append(ToolCallPiece(index: index, arguments: text))
        case .logprobs(let token):
            waiting[choice].logprobs.append(token)
            return take(choice)
        case .finished(let result):
            waiting[choice].result = result
            return take(choice)
        }
        return hasLogprobs ? nil : take(choice)
    }

    private mutating func take(_ choice: Int) -> AnswerPiece {
        defer { waiting[choice] = AnswerPiece(choice: choice) }
        return waiting[choice]
    }
}
