import TextGeneration
import Tokenizers

/// An item of a response's output: what the model thought, said or called.
struct ResponseItem: Sendable {
    enum Kind: Sendable, Hashable {
        case reasoning
        case message
        /// `number` is which call of the answer it is.
        case call(number: Int, callID: String, name: String)
    }

    enum Status: String, Sendable {
        case inProgress = "in_progress"
        case completed
        case incomplete
    }

    let kind: Kind
    let id: String
    /// The text, or a call's arguments.
    var text = ""
    var logprobs: [JSONValue] = []

    init(_ kind: Kind) {
        self.kind = kind
        id =
            switch kind {
            case .reasoning: ResponseIdentity.newID("rs_")
            case .message: ResponseIdentity.newID("msg_")
            case .call: ResponseIdentity.newID("fc_")
            }
    }

    func json(_ status: Status) -> JSONValue {
        let parts: JSONValue = status == .inProgress ? [] : [part ?? .null]
        let state = JSONValue.string(status.rawValue)
        switch kind {
        case .reasoning:
            return ["id": .string(id), "type": "reasoning", "status": state, "summary": [], "content": parts]
        case .message:
            return ["id": .string(id), "type": "message", "status": state, "role": "assistant", "content": parts]
        case .call(_, let callID, let name):
            return [
                "id": .string(id), "type": "function_call", "status": state, "call_id": .string(callID),
                "name": .string(name), "arguments": .string(text),
            ]
        }
    }

    /// The one part of the item's content as far as it has come; nil for a call.
    var part: JSONValue? {
        switch kind {
        case .reasoning: ["type": "reasoning_text", "text": .string(text)]
        case .message:
            ["type": "output_text", "text": .string(text), "annotations": [], "logprobs": .array(logprobs)]
        case .call: nil
        }
    }
}

extension JSONValue {
    /// Log-probabilities of a token as in the text of a message.
    init(_ token: TokenTextLogprobs) {
        func entry(_ entry: TokenTextLogprobs.Entry) -> JSONObject {
            var object = JSONObject()
            object["token"] = .string(entry.text)
            object["bytes"] = .array(entry.bytes.map { .int(Int($0)) })
            object["logprob"] = .double(entry.finiteLogprob)
            return object
        }
        var object = entry(token.drawn)
        object["top_logprobs"] = .array(token.top.map { .object(entry($0)) })
        self = .object(object)
    }
}
