import Benchmark
import Tokenizers

/// A conversation of ten questions; the throughput is conversations a second.
func measureTemplate(_ template: ChatTemplate?, _ text: EnglishText) {
    guard let template else { return }
    let messages = text.problems.prefix(10).flatMap { problem in
        [
            ChatMessage(role: "user", content: problem),
            ChatMessage(role: "assistant", content: "<think>\n\n</think>\n\n42"),
        ]
    }
    Benchmark("Render a conversation of 20 messages", configuration: .init(maxIterations: 10_000)) { _ in
        blackHole(try template.render(messages: messages))
    }
}
