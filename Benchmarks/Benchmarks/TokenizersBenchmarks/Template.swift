import Tokenizers
import Yardsticks

/// A conversation of ten questions, 20 times.
func measureTemplate(_ template: ChatTemplate?, _ text: EnglishText) {
    guard let template else { return }
    let messages = text.problems.prefix(10).flatMap { problem in
        [
            ChatMessage(role: "user", content: problem),
            ChatMessage(role: "assistant", content: "<think>\n\n</think>\n\n42"),
        ]
    }
    measure("render-template", beside: .processor) {
        Work { for _ in 0..<20 { _ = try template.render(messages: messages) } }
    }
}
