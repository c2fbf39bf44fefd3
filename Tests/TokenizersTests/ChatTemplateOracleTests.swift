import Testing

@testable import Tokenizers

/// Exact equality with `transformers`' own template renderer.
@Suite(.enabled(if: Oracle.isAvailable, Oracle.skipped))
struct ChatTemplateOracleTests {
    @Test("every template and conversation renders as the reference does, or is refused as there")
    func templates() throws {
        let folder = try Oracle.run("templates", [Oracle.folder + "/Templates"])
        let cases = try #require(try Oracle.json(folder + "/cases.json").array)
        #expect(cases.count > 100)
        var wrong = 0
        for sample in cases {
            let name = sample["name"]?.string ?? ""
            let expected = sample["rendered"]?.string
            var found: String?
            var failure: TokenizerError?
            do throws(TokenizerError) {
                let template = try ChatTemplate(
                    source: sample["template"]?.string ?? "",
                    specialTokens: sample["tokens"]?.object ?? JSONObject()
                )
                found = try template.render(
                    messages: (sample["messages"]?.array ?? []).map(message),
                    tools: sample["tools"]?.array,
                    addGenerationPrompt: sample["prompt"]?.bool ?? false,
                    variables: sample["variables"]?.object ?? JSONObject()
                )
            } catch {
                failure = error
            }
            guard found.map({ Array($0.utf8) }) != expected.map({ Array($0.utf8) }) else { continue }
            wrong += 1
            if wrong <= 5 {
                let error = sample["error"]?.string ?? ""
                Issue.record("\(name):\n\(found ?? "\(failure as Any)")\n--- expected:\n\(expected ?? error)")
            }
        }
        #expect(wrong == 0)
    }

    private func message(_ value: JSONValue) -> ChatMessage {
        ChatMessage(value) ?? ChatMessage(role: "", content: nil)
    }
}
