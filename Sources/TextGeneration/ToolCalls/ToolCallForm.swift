import Tokenizers

/// The forms in which models write a call: `{"name", "arguments"}`, `{"name", "parameters"}`, the same inside of
/// `{"function": ...}`, or `{"function": NAME, "arguments"}`.
enum ToolCallForm {
    /// The members that a call may have where nothing but its form says that it is one.
    private static let keys = ["name", "arguments", "parameters", "function", "type", "id"]

    /// Whether an object has no member so far that a call without tags cannot have.
    static func mayBeCall(_ object: ToolCallScanner.Object) -> Bool {
        object.members.allSatisfy { member in keys.contains { member.key.elementsEqual($0.utf8) } }
    }

    /// The call of one of `tools` that an object of some JSON is; nil when it is none.
    ///
    /// Arguments are an object, or such an object in a string, and are given as they are written; where there are none they are
    /// an empty one if the call is `tagged`, and otherwise it is none.
    static func call(
        _ object: ToolCallScanner.Object,
        of json: [UInt8],
        _ tools: CallableTools,
        isTagged: Bool
    ) -> ToolCall? {
        guard let bytes = slice(object.place, of: json), let value = try? JSONValue(parsing: bytes, name: "call"),
            isTagged || mayBeCall(object)
        else { return nil }
        if value["function"]?.object != nil {
            guard let nested = slice(object.value("function"), of: json) else { return nil }
            var scanner = ToolCallScanner()
            for byte in nested { scanner.advance(byte) }
            guard let function = scanner.objects.first, function.value("function") == nil else { return nil }
            return call(function, of: nested, tools, isTagged: isTagged)
        }
        guard let name = (value["name"] ?? value["function"])?.string, tools.names.contains(name) else { return nil }
        let key = value["arguments"] == nil ? "parameters" : "arguments"
        switch value[key] {
        case nil, .null: return isTagged ? ToolCall(name: name, arguments: "{}") : nil
        case .string(let text):
            guard let arguments = try? JSONValue(parsing: text), arguments.object != nil else { return nil }
            return ToolCall(name: name, arguments: text)
        case .object:
            guard let arguments = slice(object.value(key), of: json) else { return nil }
            return ToolCall(name: name, arguments: String(decoding: arguments, as: UTF8.self))
        default: return nil
        }
    }

    private static func slice(_ part: ToolCallScanner.Part?, of json: [UInt8]) -> [UInt8]? {
        guard let part, let end = part.end else { return nil }
        return Array(json[part.start..<end])
    }
}

extension ToolCall {
    /// Whether another call asks for the same, however it is written.
    func asksSame(as other: ToolCall) -> Bool {
        guard name == other.name else { return false }
        if arguments == other.arguments { return true }
        guard let own = try? JSONValue(parsing: arguments), let others = try? JSONValue(parsing: other.arguments) else {
            return false
        }
        return own == others
    }
}
