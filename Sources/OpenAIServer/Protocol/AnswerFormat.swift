import Foundation
import InferenceEngine
import TextGeneration

/// How the answers to a request are written, whole or as the events of a stream.
protocol AnswerFormat: Sendable {
    /// What opens the stream of so many answers.
    mutating func opening(choices: Int) throws -> [ServerSentEvent]
    /// What tells a piece of an answer.
    mutating func events(_ piece: AnswerPiece) throws -> [ServerSentEvent]
    /// What ends the stream after the last answer, and says what all of it cost.
    mutating func closing(_ usage: Usage) throws -> [ServerSentEvent]
    /// What ends a stream that failed: its status has been sent, so that the error is an event.
    mutating func failure(_ error: APIError) throws -> [ServerSentEvent]
    /// The whole response of a request that is not streamed.
    func response(_ answers: [Answer], _ usage: Usage) throws -> Data
}

extension AnswerFormat {
    func failure(_ error: APIError) throws -> [ServerSentEvent] {
        [ServerSentEvent(data: try JSONOutput.data(ErrorBody(error))), .done]
    }
}

/// A part of one answer as it comes.
struct AnswerPiece: Sendable {
    var choice: Int
    var reasoning = ""
    var text = ""
    var calls: [ToolCallPiece] = []
    /// About the tokens of this piece, when asked for.
    var logprobs: [TokenTextLogprobs] = []
    /// Set in the last piece.
    var result: GenerationResult?
}

extension AnswerPiece {
    /// A complete answer in one piece.
    init(_ answer: Answer) {
        self.init(
            choice: answer.choice,
            reasoning: answer.result.reasoning,
            text: answer.result.answer,
            calls: answer.result.toolCalls.enumerated().map { index, call in
                ToolCallPiece(index: index, name: call.name, arguments: call.arguments)
            },
            logprobs: answer.logprobs ?? [],
            result: answer.result
        )
    }
}

/// A part of a call as it comes.
struct ToolCallPiece: Sendable {
    /// Which call of the answer it belongs to.
    var index: Int
    /// Set in the first part.
    var name: String?
    var arguments = ""
}

/// One complete answer.
struct Answer: Sendable {
    var choice: Int
    var result: GenerationResult
    /// Nil when not asked for.
    var logprobs: [TokenTextLogprobs]?
}

extension GenerationResult {
    /// OpenAI's word for why it ended; an answer that was cut short has none of its own.
    var openAIFinishReason: String {
        switch finishReason {
        case .stop: !toolCalls.isEmpty && toolCalls.allSatisfy(\.isComplete) ? "tool_calls" : "stop"
        case .length, .cancelled: "length"
        }
    }
}
