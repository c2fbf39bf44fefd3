import Foundation
import InferenceEngine
import TextGeneration

/// How the answers to a request are written: as chat or as text completions.
protocol AnswerFormat: Sendable {
    /// The chunk that opens an answer; nil when there is none.
    func opening(choice: Int) throws -> Data?
    /// The chunk for a piece of an answer; nil when nothing of it is told.
    func chunk(_ piece: AnswerPiece) throws -> Data?
    /// The chunk after the last answer that says what all of it cost.
    func usageChunk(_ usage: Usage) throws -> Data
    /// The whole response of a request that is not streamed.
    func response(_ answers: [Answer], _ usage: Usage) throws -> Data
}

/// A part of one answer as it comes.
struct AnswerPiece: Sendable {
    var choice: Int
    var reasoning = ""
    var text = ""
    /// About the tokens of this piece, when asked for.
    var logprobs: [TokenTextLogprobs] = []
    /// Characters of the answer before the first of `logprobs`.
    var offset = 0
    /// Set in the last piece.
    var finishReason: String?
}

/// One complete answer.
struct Answer: Sendable {
    var choice: Int
    var result: GenerationResult
    /// Nil when not asked for.
    var logprobs: [TokenTextLogprobs]?
}

extension FinishReason {
    /// OpenAI's word; an answer that was cut short has none of its own.
    var openAI: String {
        switch self {
        case .stop: "stop"
        case .length, .cancelled: "length"
        }
    }
}
