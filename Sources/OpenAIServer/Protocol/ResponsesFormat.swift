import Foundation
import HTTPTypes
import InferenceEngine
import TextGeneration
import Tokenizers

/// Writes `response`, and the events of its stream.
struct ResponsesFormat: AnswerFormat {
    private let identity: ResponseIdentity
    private let repeated: JSONObject
    private let includeReasoning: Bool
    private var output = ResponseOutput()
    private var isCutShort = false
    private var eventCount = 0

    /// `repeated` are the members of the response that the request determines.
    init(_ identity: ResponseIdentity, repeating repeated: JSONObject, includeReasoning: Bool) {
        self.identity = identity
        self.repeated = repeated
        self.includeReasoning = includeReasoning
    }

    mutating func opening(choices: Int) throws -> [ServerSentEvent] {
        ["response.created", "response.in_progress"].map { type in
            event(["type": .string(type), "response": response("in_progress")])
        }
    }

    mutating func events(_ piece: AnswerPiece) throws -> [ServerSentEvent] {
        append(piece).map { event(.object($0)) }
    }

    mutating func closing(_ usage: Usage) throws -> [ServerSentEvent] {
        [event(["type": .string("response.\(ending)"), "response": response(ending, usage)])]
    }

    mutating func failure(_ error: APIError) throws -> [ServerSentEvent] {
        var events = output.end(.incomplete).map { event(.object($0)) }
        events.append(event(["type": "response.failed", "response": response("failed", error: error)]))
        return events
    }

    func response(_ answers: [Answer], _ usage: Usage) throws -> Data {
        var whole = self
        for answer in answers { _ = whole.append(AnswerPiece(answer)) }
        return Data(whole.response(whole.ending, usage).json.utf8)
    }

    private mutating func append(_ piece: AnswerPiece) -> [JSONObject] {
        var events = output.append(piece, includeReasoning: includeReasoning)
        if let result = piece.result {
            isCutShort = result.finishReason != .stop
            events += output.end(isCutShort ? .incomplete : .completed)
        }
        return events
    }

    private var ending: String { isCutShort ? "incomplete" : "completed" }

    private mutating func event(_ event: JSONValue) -> ServerSentEvent {
        var members = event.object ?? JSONObject()
        members["sequence_number"] = .int(eventCount)
        eventCount += 1
        return ServerSentEvent(name: members["type"]?.string, data: Data(JSONValue.object(members).json.utf8))
    }

    private func response(_ status: String, _ usage: Usage? = nil, error: APIError? = nil) -> JSONValue {
        var response = JSONObject()
        response["id"] = .string(identity.id)
        response["object"] = "response"
        response["created_at"] = .int(identity.created)
        response["status"] = .string(status)
        if status == "completed" { response["completed_at"] = .int(.now) }
        response["model"] = .string(identity.model)
        response["output"] = .array(output.items)
        response["incomplete_details"] = status == "incomplete" ? ["reason": "max_output_tokens"] : JSONValue.null
        response["error"] = error.map(Self.fault) ?? .null
        response["usage"] = usage.map(Self.cost) ?? .null
        for (key, value) in zip(repeated.keys, repeated.values) { response[key] = value }
        return .object(response)
    }

    private static func fault(_ error: APIError) -> JSONValue {
        let isOfTheRequest = error.status.kind == .clientError
        return ["code": isOfTheRequest ? "invalid_prompt" : "server_error", "message": .string(error.message)]
    }

    private static func cost(_ usage: Usage) -> JSONValue {
        let cached = usage.promptTokensDetails.cachedTokens
        return [
            "input_tokens": .int(usage.promptTokens),
            "input_tokens_details": ["cached_tokens": .int(cached), "cache_write_tokens": 0],
            "output_tokens": .int(usage.completionTokens),
            "output_tokens_details": ["reasoning_tokens": .int(usage.completionTokensDetails.reasoningTokens)],
            "total_tokens": .int(usage.totalTokens),
        ]
    }
}
