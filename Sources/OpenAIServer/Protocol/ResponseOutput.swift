import TextGeneration
import Tokenizers

/// Puts together the output of a response from the pieces of an answer, and says what happens as events.
///
/// One item follows the other: an item is complete when another begins. Events have no numbers yet.
struct ResponseOutput: Sendable {
    /// The items that are complete.
    private(set) var items: [JSONValue] = []
    private var open: ResponseItem?
    /// About tokens whose text has not come.
    private var logprobs: [JSONValue] = []

    /// Adds a piece.
    mutating func append(_ piece: AnswerPiece, includeReasoning: Bool) -> [JSONObject] {
        var events: [JSONObject] = []
        if includeReasoning, !piece.reasoning.isEmpty {
            begin(.reasoning, &events)
            add(piece.reasoning, "response.reasoning_text.delta", &events)
        }
        // Those of thoughts and calls have no place in a response.
        let thought = piece.logprobs.lastIndex(where: \.isReasoning)
        if thought != nil { logprobs = [] }
        logprobs += piece.logprobs.dropFirst(thought.map { $0 + 1 } ?? 0).map { JSONValue($0) }
        if !piece.text.isEmpty {
            begin(.message, &events)
            add(piece.text, "response.output_text.delta", &events)
        }
        for call in piece.calls {
            if let name = call.name {
                let id = ResponseIdentity.newID("call_")
                begin(.call(number: call.index, callID: id, name: name), &events)
            }
            if !call.arguments.isEmpty { add(call.arguments, "response.function_call_arguments.delta", &events) }
        }
        return events
    }

    /// Ends the last item.
    mutating func end(_ status: ResponseItem.Status) -> [JSONObject] {
        guard let item = open else { return [] }
        open = nil
        var events: [JSONObject] = []
        let text = JSONValue.string(item.text)
        switch item.kind {
        case .reasoning: events.append(event("response.reasoning_text.done", item, ["content_index": 0, "text": text]))
        case .message:
            events.append(
                event(
                    "response.output_text.done",
                    item,
                    ["content_index": 0, "text": text, "logprobs": .array(item.logprobs)]
                )
            )
        case .call(_, _, let name):
            events.append(
                event("response.function_call_arguments.done", item, ["name": .string(name), "arguments": text])
            )
        }
        if let part = item.part {
            events.append(event("response.content_part.done", item, ["content_index": 0, "part": part]))
        }
        events.append(event("response.output_item.done", nil, ["item": item.json(status)]))
        items.append(item.json(status))
        return events
    }

    private mutating func begin(_ kind: ResponseItem.Kind, _ events: inout [JSONObject]) {
        if open?.kind == kind { return }
        events += end(.completed)
        if kind != .message { logprobs = [] }
        let item = ResponseItem(kind)
        open = item
        events.append(event("response.output_item.added", nil, ["item": item.json(.inProgress)]))
        if let part = item.part {
            events.append(event("response.content_part.added", item, ["content_index": 0, "part": part]))
        }
    }

    private mutating func add(_ text: String, _ type: String, _ events: inout [JSONObject]) {
        guard var item = open else { return }
        var members = JSONObject()
        if item.part != nil { members["content_index"] = 0 }
        members["delta"] = .string(text)
        if item.kind == .message {
            members["logprobs"] = .array(logprobs)
            item.logprobs += logprobs
        }
        logprobs = []
        item.text += text
        open = item
        events.append(event(type, item, .object(members)))
    }

    /// An event about an item that is open, or was until just now.
    private func event(_ type: String, _ item: ResponseItem?, _ members: JSONValue) -> JSONObject {
        var event = JSONObject()
        event["type"] = .string(type)
        event["output_index"] = .int(items.count)
        event["item_id"] = item.map { .string($0.id) }
        guard let members = members.object else { return event }
        for (key, value) in zip(members.keys, members.values) { event[key] = value }
        return event
    }
}
