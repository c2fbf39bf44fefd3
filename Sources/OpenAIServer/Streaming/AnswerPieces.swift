import TextGeneration

/// Turns a run's text events into pieces, one or none for each event.
///
/// With log-probabilities a piece waits for those of its token, so that both arrive together.
struct AnswerPieces {
    private struct Waiting {
        var piece: AnswerPiece
        var offset = 0
    }

    private let hasLogprobs: Bool
    private var waiting: [Waiting]

    init(choices: Int, hasLogprobs: Bool) {
        self.hasLogprobs = hasLogprobs
        waiting = (0..<choices).map { Waiting(piece: AnswerPiece(choice: $0)) }
    }

    mutating func append(_ choice: Int, _ event: TextEvent) -> AnswerPiece? {
        switch event {
        case .reasoning(let text): waiting[choice].piece.reasoning += text
        case .answer(let text): waiting[choice].piece.text += text
        case .toolCall(let index, let name):
            waiting[choice].piece.calls.append(ToolCallPiece(index: index, name: name))
        case .toolArguments(let index, let text):
            waiting[choice].piece.calls.append(ToolCallPiece(index: index, arguments: text))
        case .logprobs(let token):
            waiting[choice].piece.logprobs.append(token)
            return take(choice)
        case .finished(let result):
            waiting[choice].piece.result = result
            return take(choice)
        }
        return hasLogprobs ? nil : take(choice)
    }

    private mutating func take(_ choice: Int) -> AnswerPiece {
        var piece = waiting[choice].piece
        piece.offset = waiting[choice].offset
        waiting[choice].offset += piece.logprobs.map(\.drawn.text.count).reduce(0, +)
        waiting[choice].piece = AnswerPiece(choice: choice)
        return piece
    }
}
