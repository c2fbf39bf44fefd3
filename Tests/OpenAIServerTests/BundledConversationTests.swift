import Foundation
import KongurTesting
import Testing

/// The bundled model in a conversation, of which its template renders the last four questions.
@Suite struct BundledConversationTests {
    private func ask(_ server: RunningServer, _ messages: [[String: Any]]) async throws -> (text: String, prompt: Int) {
        let body: [String: Any] = ["model": "pebble", "messages": messages, "temperature": 0]
        let reply = try await server.post("/v1/chat/completions", body)
        let message = (reply.json["choices"] as? [[String: Any]])?.first?["message"] as? [String: Any]
        let usage = reply.json["usage"] as? [String: Any]
        return (
            try #require(message?["content"] as? String, "\(reply.text)"),
            try #require(usage?["prompt_tokens"] as? Int)
        )
    }

    @Test func aLaterQuestionIsAnsweredRight() async throws {
        let server = try await RunningServer()
        let system: [String: Any] = ["role": "system", "content": "You are a careful math tutor."]
        let said = (1...5).flatMap { number -> [[String: Any]] in
            [
                ["role": "user", "content": "What is \(number) + 10?"],
                ["role": "assistant", "content": "The answer is \\boxed{\(number + 10)}."],
            ]
        }
        let question: [String: Any] = ["role": "user", "content": "What is 47 + 385?"]
        for start in [[], [system]] {
            var before = 0
            for earlier in stride(from: 0, through: said.count, by: 2) {
                let answer = try await ask(server, start + said.prefix(earlier) + [question])
                #expect(answer.text.contains("boxed{432}"), "after \(earlier / 2) turns: \(answer.text)")
                // A turn is read in full, its question, its answer and what marks them, or not at all.
                #expect(earlier <= 6 ? answer.prompt > before + 20 : answer.prompt == before)
                before = answer.prompt
            }
        }
    }

    /// What a function returned stays in the prompt, with the question that it was called for and with later ones.
    @Test func aResultIsKept() async throws {
        let server = try await RunningServer()
        let call: [String: Any] = [
            "id": "a", "type": "function", "function": ["name": "add", "arguments": "{\"a\": 1}"],
        ]
        let question: [String: Any] = ["role": "user", "content": "What is 47 + 385?"]
        let asked: [[String: Any]] = [
            question, ["role": "assistant", "content": "", "tool_calls": [call]],
            ["role": "tool", "tool_call_id": "a", "content": "432"],
        ]
        let alone = try await ask(server, [question]).prompt
        let during = try await ask(server, asked).prompt
        #expect(during > alone + 10)
        let later = asked + [["role": "assistant", "content": "432"], question]
        #expect(try await ask(server, later).prompt > during + 10)
    }
}
