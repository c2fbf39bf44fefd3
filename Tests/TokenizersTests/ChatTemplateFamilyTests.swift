import Foundation
import Testing

@testable import Tokenizers

/// The tool loop (system, user, call, result, answer, next user) through templates in the manner of public families.
struct ChatTemplateFamilyTests {
    private static let folder = Oracle.folder + "/Templates/families"
    static let families = (try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()) ?? []
    private static let arguments = #"{"a":2, "b":"x"}"#
    private static let tools: [JSONValue] = [
        [
            "type": "function",
            "function": [
                "name": "add", "description": "Adds.",
                "parameters": [
                    "type": "object", "properties": ["a": ["type": "integer"], "b": ["type": "string"]],
                    "required": ["a"],
                ],
            ],
        ]
    ]

    private func template(_ family: String) throws -> ChatTemplate {
        var tokens = JSONObject()
        tokens["bos_token"] = "<s>"
        tokens["eos_token"] = "</s>"
        let source = try String(contentsOfFile: "\(Self.folder)/\(family)", encoding: .utf8)
        return try ChatTemplate(source: source, specialTokens: tokens)
    }

    private func call(_ id: String) -> JSONValue {
        ["id": .string(id), "type": "function", "function": ["name": "add", "arguments": .string(Self.arguments)]]
    }

    private func loop(_ content: JSONValue?) -> [ChatMessage] {
        var members = JSONObject()
        members["role"] = "assistant"
        members["content"] = content
        members["tool_calls"] = [call("call_1")]
        return [
            ChatMessage(role: "system", content: "SYSTEM"), ChatMessage(role: "user", content: "ASK"),
            ChatMessage(.object(members)) ?? ChatMessage(role: "", content: nil),
            ChatMessage(role: "tool", content: "RESULT", toolCallID: "call_1"),
            ChatMessage(role: "assistant", content: "ANSWER"), ChatMessage(role: "user", content: "NEXT"),
        ]
    }

    @Test("the whole loop is rendered, for clients that send null, an empty text, and nothing", arguments: families)
    func loop(_ family: String) throws {
        let template = try template(family)
        let texts = try [JSONValue.null, "", nil].map {
            try template.prompt(messages: loop($0), tools: Self.tools, now: 0).text
        }
        #expect(texts[0] == texts[1] && texts[0] == texts[2])
        let text = texts[0]
        for part in ["SYSTEM", "Adds.", "\"add\"", "ASK", "RESULT", "ANSWER", "NEXT"] {
            #expect(text.contains(part), "\(part)")
        }
        var rest = text[...]
        for part in ["ASK", "2", "RESULT", "ANSWER", "NEXT"] {
            guard let place = rest.range(of: part) else {
                Issue.record("\(part) is not in its place:\n\(text)")
                return
            }
            rest = rest[place.upperBound...]
        }
        // Neither Python's none nor its mappings, nor JSON in JSON.
        for wrong in ["None", "{'a'", #"\"a"#] { #expect(!text.contains(wrong), "\(wrong)") }
        #expect(try template.prompt(messages: loop("SAID"), tools: Self.tools, now: 0).contains(.call))
    }

    @Test(
        "families that know tools get the form that their authors give",
        .enabled(if: Oracle.isAvailable, Oracle.skipped)
    )
    func forms() throws {
        let folder = try Oracle.run("families.py", as: "families", [Self.folder])
        let cases = try #require(try Oracle.json(folder + "/cases.json")["cases"]?.array)
        #expect(cases.count == 8)
        for sample in cases {
            let name = sample["name"]?.string ?? ""
            var text = try template(name + ".jinja").prompt(messages: loop(nil), tools: Self.tools, now: 0).text
            // Text that is given on as it came keeps its spaces.
            let expected = sample["text"]?.string ?? ""
            if name == "inst-short-ids", let id = text.firstMatch(of: #/"id": "([0-9A-Za-z]{9})"/#)?.1 {
                text = text.replacing(id, with: "9gD2Dimct")
            }
            #expect(text == expected, "\(name)")
        }
    }

    @Test("several calls in one message, also where the template takes one", arguments: families)
    func severalCalls(_ family: String) throws {
        let messages = [
            ChatMessage(role: "user", content: "ASK"),
            ChatMessage(role: "assistant", content: nil, toolCalls: [call("one"), call("two")]),
            ChatMessage(role: "tool", content: "FIRST", toolCallID: "one"),
            ChatMessage(role: "tool", content: "SECOND", toolCallID: "two"),
            ChatMessage(role: "assistant", content: "ANSWER"),
        ]
        let text = try template(family).prompt(messages: messages, tools: Self.tools, now: 0).text
        let (first, second) = (text.range(of: "FIRST"), text.range(of: "SECOND"))
        #expect(first != nil && second != nil)
        if let first, let second { #expect(first.lowerBound < second.lowerBound) }
        #expect(text.contains("ANSWER"))
    }

    @Test("a conversation that has nothing to adapt is rendered as it is given", arguments: families)
    func plain(_ family: String) throws {
        guard family != "parts-alone.jinja", family != "typed-tools.jinja" else { return }
        let messages = [
            ChatMessage(role: "user", content: "a"), ChatMessage(role: "assistant", content: "b"),
            ChatMessage(role: "user", content: "c"),
        ]
        let template = try template(family)
        #expect(try template.prompt(messages: messages, now: 0).text == template.render(messages: messages, now: 0))
    }

    @Test("tools that no template of a chat can tell of are refused")
    func refused() throws {
        let template = try ChatTemplate(source: "no messages at all")
        let error = TinyTokenizer.failure { _ = try template.prompt(messages: loop(nil), tools: Self.tools) }
        #expect(error?.code == .templateFailed)
        #expect(try template.prompt(messages: loop(nil)).text == "no messages at all")
    }
}
