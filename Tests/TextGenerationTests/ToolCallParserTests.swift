import KongurTesting
import Testing

@testable import TextGeneration

struct ToolCallParserTests {
    private static let tools = CallableTools(names: ["add", "time"])
    private static let add = #"<tool_call>\#n{"name": "add", "arguments": {"a": 1, "b": [2, "é}"]}}\#n</tool_call>"#
    private static let time = #"<tool_call>{"arguments":{},"name":"time"}</tool_call>"#
    private static let addition = ToolCall(name: "add", arguments: #"{"a": 1, "b": [2, "é}"]}"#)
    private static let theTime = ToolCall(name: "time", arguments: "{}")

    private struct Told: Equatable {
        var text = ""
        var calls: [ToolCall] = []
    }

    /// What the pieces add up to when an answer comes cut at these places.
    private func told(
        _ answer: String,
        cutAt places: Set<Int>,
        _ tools: CallableTools = Self.tools,
        isHeldToCalls: Bool = false
    ) -> Told {
        var parser = ToolCallParser(tools, isHeldToCalls: isHeldToCalls)
        var told = Told()
        func add(_ pieces: [ToolCallParser.Piece]) {
            for piece in pieces {
                switch piece {
                case .text(let text): told.text += text
                case .call(let index, let name):
                    #expect(index == told.calls.count)
                    told.calls.append(ToolCall(name: name, arguments: ""))
                case .arguments(let index, let text):
                    #expect(index == told.calls.count - 1)
                    told.calls[index].arguments += text
                }
            }
        }
        var piece = ""
        for (index, character) in answer.enumerated() {
            if places.contains(index) {
                add(parser.append(piece))
                piece = ""
            }
            piece.append(character)
        }
        add(parser.append(piece))
        add(parser.finish())
        #expect(told.text == parser.text)
        #expect(told.calls.map(\.arguments) == parser.calls.map(\.arguments))
        for index in told.calls.indices { told.calls[index].isComplete = parser.calls[index].isComplete }
        return told
    }

    private func check(
        _ answer: String,
        _ text: String,
        _ calls: [ToolCall],
        _ tools: CallableTools = Self.tools,
        isHeldToCalls: Bool = false
    ) {
        let expected = Told(text: text, calls: calls)
        let count = answer.count
        for place in 0...count {
            let found = told(answer, cutAt: [place], tools, isHeldToCalls: isHeldToCalls)
            #expect(found == expected, "\(answer) cut at \(place)")
        }
        #expect(told(answer, cutAt: Set(0..<count), tools, isHeldToCalls: isHeldToCalls) == expected, "\(answer)")
    }

    @Test func callsAreToldApartFromText() {
        check(Self.add, "", [Self.addition])
        check(" \n\(Self.add)\n\(Self.time)\n", "", [Self.addition, Self.theTime])
        check("Let me see.\n\(Self.add)\n\nAnd\(Self.time) now", "Let me see.\nAnd now", [Self.addition, Self.theTime])
        check("\(Self.time) \(Self.time)\n4 ", "4 ", [Self.theTime, Self.theTime])
        check("So: \(Self.time) \(Self.time)\n", "So:", [Self.theTime, Self.theTime])
        check("no call < here <tool_", "no call < here <tool_", [])
        check("a \n \n b", "a \n \n b", [])
        let blanks = String(repeating: "\n", count: 20)
        check(blanks + Self.time, blanks, [Self.theTime])
        check("a\(Self.time)\(blanks)b", "a\(blanks)b", [Self.theTime])
    }

    @Test func argumentsMayBeMissingOrAString() {
        check(#"<tool_call>{"name": "time"}</tool_call>"#, "", [Self.theTime])
        check(#"<tool_call>{"name": "time", "arguments": null}</tool_call>"#, "", [Self.theTime])
        let inString = #"<tool_call>{"name": "add", "arguments": "{\"a\": 1}"}</tool_call>"#
        check(inString, "", [ToolCall(name: "add", arguments: #"{"a": 1}"#)])
    }

    @Test func tagsInsideOfArgumentsAreText() {
        let arguments = #"{"a": "</tool_call> \"<tool_call>{}"}"#
        let answer = #"<tool_call>{"name": "add", "arguments": \#(arguments)}</tool_call>."#
        check(answer, ".", [ToolCall(name: "add", arguments: arguments)])
    }

    @Test func lastCallNeedsNoClosingTag() {
        check(String(Self.time.dropLast(12)), "", [Self.theTime])
        check(String(Self.time.dropLast(3)), "", [Self.theTime])
        check(String(Self.add.dropLast(11)), "", [Self.addition])
    }

    /// Nothing of what is no call is lost, and a call after it is seen.
    @Test(arguments: [
        "<tool_call>", "<tool_call></tool_call>", "<tool_call>add(1, 2)</tool_call>",
        #"<tool_call>{"name": "add", "arguments": {a: 1}}</tool_call>"#,
        #"<tool_call>{"name": "add", "arguments": {"a": 1]}</tool_call>"#,
        #"<tool_call>{"name": "add", "arguments": {"a": 01x}}</tool_call>"#,
        #"<tool_call>{"name": "add", "arguments": {"a": "\x"}}</tool_call>"#,
        #"<tool_call>{"name": "add", "arguments": [1]}</tool_call>"#,
        #"<tool_call>{"name": "add", "arguments": "1"}</tool_call>"#,
        #"<tool_call>{"name": "subtract", "arguments": {}}</tool_call>"#,
        #"<tool_call>{"name": 1, "arguments": {}}</tool_call>"#, #"<tool_call>{"arguments": {}}</tool_call>"#,
        #"<tool_call>[{"name": "add", "arguments": {}}]</tool_call>"#,
        #"<tool_call>{"name": "add", "arguments": {}} or so</tool_call>"#,
        #"<tool_call>{"name": "add",, "arguments": {}}</tool_call>"#,
        "<tool_call>{\"name\": \"add\n</tool_call>",
    ])
    func whatIsNoCallStays(_ text: String) {
        check(text, text, [])
        check("x \(text) \(Self.time)", "x \(text)", [Self.theTime])
    }

    @Test func callThatIsCutShortStays() {
        for count in 1..<Self.add.count - 14 {
            let text = String(Self.add.prefix(count))
            #expect(told(text, cutAt: [count / 2]) == Told(text: text))
        }
    }

    @Test func oneCallEndsTheAnswerWhereOnlyOneIsAllowed() {
        let one = CallableTools(names: ["add", "time"], isParallel: false)
        check("So: \(Self.add) and \(Self.time)", "So:", [Self.addition], one)
        var parser = ToolCallParser(one)
        _ = parser.append(String(Self.add.dropLast()))
        #expect(!parser.isFinished)
        _ = parser.append(">")
        #expect(parser.isFinished)
    }

    @Test func heldCallsAreToldAsTheyCome() {
        check("\(Self.add)\n\(Self.time)", "", [Self.addition, Self.theTime], isHeldToCalls: true)
        var parser = ToolCallParser(Self.tools, isHeldToCalls: true)
        #expect(parser.append(#"<tool_call>\#n{"name": "ad"#) == [])
        #expect(
            parser.append(#"d", "arguments": {"a""#) == [.call(index: 0, name: "add"), .arguments(index: 0, #"{"a""#)]
        )
        #expect(parser.append(": 1") == [.arguments(index: 0, ": 1")])
        #expect(parser.append("}}\n</tool") == [.arguments(index: 0, "}")])
        #expect(parser.append("_call>") == [])
        #expect(parser.calls == [ToolCall(name: "add", arguments: #"{"a": 1}"#)])
        // Cut short: what has been told of a call is told as one that is not complete.
        let begun = #"<tool_call>\#n{"name": "add", "arguments": {"a": "x"#
        check(begun, "", [ToolCall(name: "add", arguments: #"{"a": "x"#, isComplete: false)], isHeldToCalls: true)
        // What is cut short before or after that is passed over.
        for cut in ["<tool", "<tool_call>\n{\"na"] {
            check(cut, "", [], isHeldToCalls: true)
            check("\(Self.time)\n\(cut)", "", [Self.theTime], isHeldToCalls: true)
        }
        check("\(Self.time)\n\(begun)", "", [Self.theTime], isHeldToCalls: true)
    }

    @Test func repeatedCallsEndTheAnswer() {
        let again = #"<tool_call>{"name": "add", "arguments": {"a":1,"b":[2,"é}"]}}</tool_call>"#
        check("\(Self.add)\n\(again)\n\(Self.time)", "", [Self.addition], isHeldToCalls: true)
        let third = "\(Self.time)\(Self.time)\(Self.time)\(Self.add)"
        check(third, "", [Self.theTime, Self.theTime])
        check(
            "\(Self.time)\(Self.add)\(Self.time)\(Self.add)",
            "",
            [
                Self.theTime, Self.addition, Self.theTime, Self.addition,
            ]
        )
        var parser = ToolCallParser(Self.tools, isHeldToCalls: true)
        _ = parser.append(Self.add + again)
        #expect(parser.isFinished)
    }

    @Test(arguments: [
        #"{"name": "add", "arguments": {"a": 1}}"#, #"{"name": "add", "parameters": {"a": 1}}"#,
        #"{"type": "function", "name": "add", "parameters": {"a": 1}}"#,
        #"{"function": {"name": "add", "arguments": {"a": 1}}}"#,
        #"{"type": "function", "id": "c1", "function": {"name": "add", "parameters": {"a": 1}}}"#,
        #"{"function": "add", "arguments": {"a": 1}}"#, #"{"name": "add", "arguments": "{\"a\": 1}"}"#,
        "{\n  \"name\": \"add\",\n  \"arguments\": {\"a\": 1}\n}",
    ])
    func jsonOfACallsFormIsACall(_ json: String) {
        let one = [ToolCall(name: "add", arguments: #"{"a": 1}"#)]
        check(json, "", one)
        check(" \n\(json)\n", "", one)
        check("```json\n\(json)\n```", "", one)
        check("```\n\(json)\n```\n", "", one)
        check("I call it:\n```json\n\(json)\n```\nDone.", "I call it:\nDone.", one)
        check("I call it:\n\(json)\nDone.", "I call it:\nDone.", one)
        check("<|python_tag|>\(json)", "", one)
        check("<tool_call>\n\(json)\n</tool_call>", "", one)
        check("[\(json)]", "", one)
        check("[\(json), \(json)]", "", one + one)
        check("\(json); \(json)", "", one + one)
        check("```json\n[\(json),\n\(json)]\n```", "", one + one)
        // Within a line, or with more behind it, it is an example.
        check("Write \(json)", "Write \(json)", [])
        check("\(json) is a call", "\(json) is a call", [])
        // Whoever asked for JSON wants it.
        let tagged = CallableTools(names: ["add"], readsBareCalls: false)
        check(json, json, [], tagged)
    }

    @Test(arguments: [
        #"{"name": "add"}"#, #"{"name": "Ann", "arguments": {}}"#, #"{"name": "add", "arguments": {}, "more": 1}"#,
        #"{"name": "add", "arguments": [1]}"#, #"{"arguments": {}}"#, #"{"a": {"name": "add", "arguments": {}}}"#,
        "{", "[", "[]", "[1, 2]", "[text](url)", #"[{"name": "add", "arguments": {}}, {"name": "x"}]"#,
        #"{"name": "add", "arguments": {"#, "```json", "```json\n", "```json\n{\"a\": 1}\n```",
        "```python\nx = {}\n```",
        "```json\n{\"name\": \"add\", \"arguments\": {}} or so\n```", "``", "<|python", "<|python_tag|>print(1)",
        #"{"function": {"function": {"name": "add", "arguments": {}}}}"#,
    ])
    func jsonThatIsNoCallStays(_ text: String) {
        check(text, text, [])
        check("So:\n\(text)\nthen \(Self.time)", "So:\n\(text)\nthen", [Self.theTime])
    }

    /// A model that repeats what begins like a call must not take a time that grows with the square of the text.
    @Test func beginningsWithoutEndAreCheap() {
        for part in [
            "<tool_call>", #"<tool_call>{"a":"#, #"<tool_call>{"a": [["#, #"<tool_call>{"a"#, "<tool_call>{\"\\\\",
            "{\"name\":\n", "{\n", "[\n", "```json\n{\"name\": ", "{\"name\": [\n",
        ] {
            var parser = ToolCallParser(Self.tools)
            var text = ""
            let started = ContinuousClock.now
            for _ in 0..<2000 {
                _ = parser.append(part)
                text += part
            }
            _ = parser.finish()
            #expect(parser.text == text && parser.calls.isEmpty)
            #expect(ContinuousClock.now - started < .seconds(5))
        }
    }
}
