import Foundation
import InferenceEngine
import KongurTesting
import Testing
import Tokenizers

/// Fields of other servers, asked of a server whose model says the same again and again.
struct RequestObedienceTests {
    /// Room for what a model is told of its tools where the template says nothing of them.
    private static let roomy = EngineConfiguration(cacheBlocks: 1024)

    /// A model that answers with `text` over and over.
    private func saying(_ text: String) -> ScriptedDevice {
        let mark = ByteTokenizer.ids("assistant\n")
        let said = ByteTokenizer.ids(text)
        return ScriptedDevice { history in
            var logits = [Float](repeating: 0, count: ByteTokenizer.vocabularySize)
            let start = history.indices.last { history[...$0].suffix(mark.count).elementsEqual(mark) } ?? 0
            logits[said[(history.count - start - 1) % said.count]] = 9
            return logits
        }
    }

    private func ask(
        _ server: ScriptedServer,
        _ members: String,
        _ path: String = "/v1/chat/completions",
        _ input: String = #""messages": [{"role": "user", "content": "q"}]"#
    ) async throws -> (reply: Reply, body: JSONValue) {
        let body = #"{"model": "scripted", \#(input), \#(members)}"#
        let reply = try await server.ask("POST", path, ["Content-Type": "application/json"], body)
        return (reply, try JSONValue(parsing: String(decoding: reply.body, as: UTF8.self)))
    }

    @Test func formsAreHeldOnEveryRoute() async throws {
        try await ScriptedServer.run([saying("maybe")]) { server in
            let choice = #""guided_choice": ["yes", "no"]"#
            let chat = try await ask(server, choice).body["choices"]?.array?.first?["message"]?["content"]?.string
            #expect(["yes", "no"].contains(chat))
            let text = try await ask(server, choice, "/v1/completions", #""prompt": "q""#).body["choices"]?.array?.first
            #expect(["yes", "no"].contains(text?["text"]?.string))
            let items = try await ask(server, choice, "/v1/responses", #""input": "q""#).body["output"]?.array
            #expect(["yes", "no"].contains(items?.last?["content"]?.array?.first?["text"]?.string))
            let refused = try await ask(server, #""grammar": "root ::= \"yes\"""#)
            #expect(refused.reply.status == 400 && refused.body["error"]?["param"] == "grammar")
            let unknown = try await ask(server, #""max_tokens": 2, "color": "red""#)
            #expect(unknown.reply.status == 200 && unknown.reply.headers["x-kongur-ignored"] == "color")
            let pattern = try await ask(server, #""guided_regex": "(""#)
            #expect(pattern.reply.status == 400 && pattern.body["error"]?["param"] == "guided_regex")
        }
    }

    @Test func requiredCallsNeitherLoopNorLeak() async throws {
        let call = #"<tool_call>\#n{"name": "time", "arguments": {}}\#n</tool_call>\#n"#
        let tools =
            #""tools": [{"type": "function", "function": {"name": "time", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}}}], "tool_choice": "required""#
        try await ScriptedServer.run([saying(call)], Self.roomy, contextLength: 2048) { server in
            let whole = try await ask(server, tools).body["choices"]?.array?.first
            #expect(whole?["message"]?["tool_calls"]?.array?.count == 1 && whole?["finish_reason"] == "tool_calls")
            for length in [3, 9, 20, 30, 40] {
                let cut = try await ask(server, tools + ", \"max_tokens\": \(length)").body["choices"]?.array?.first
                #expect(cut?["finish_reason"] == "length" && cut?["message"]?["tool_calls"] == nil)
                #expect(cut?["message"]?["content"] == "" || cut?["message"]?["content"] == .null, "\(length)")
            }
        }
    }

    @Test func bareCallsAreTold() async throws {
        let tools = #""tools": [{"type": "function", "function": {"name": "time"}}], "max_tokens": 60"#
        let call = #"{"name": "time", "parameters": {"a": 1}}"#
        for said in [call + "\n", "```json\n\(call)\n```\n"] {
            try await ScriptedServer.run([saying(said)], Self.roomy, contextLength: 2048) { server in
                let message = try await ask(server, tools).body["choices"]?.array?.first?["message"]
                let function = message?["tool_calls"]?.array?.first?["function"]
                #expect(function?["name"] == "time" && function?["arguments"] == #"{"a": 1}"#)
            }
        }
    }
}
