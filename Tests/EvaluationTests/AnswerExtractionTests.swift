import Evaluation
import Testing

@Suite struct AnswerExtractionTests {
    @Test(arguments: [
        ("The answer is \\boxed{42}.", "42"), ("\\boxed{1} no, \\boxed{2}", "2"), ("\\boxed {7}", "7"),
        ("<think>\\boxed{1}</think> \\boxed{2}", "2"), ("\\boxed{1}</think>\\boxed{2}", "2"),
        ("<think>a</think>\\boxed{1}<think>b</think>\\boxed{2}", "2"),
        ("\\boxed{\\frac{1}{\\sqrt{2}}}", "\\frac{1}{\\sqrt{2}}"),
        ("\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"), ("\\boxed{\\}}", "\\}"), ("\\boxed{}", ""), ("\\boxed{a\\\\}", "a\\\\"),
        ("\\boxed{\u{3c0}\u{1F600}}", "\u{3c0}\u{1F600}"),
    ])
    func theLastBoxIsTheAnswer(response: String, answer: String) {
        #expect(AnswerExtraction.boxedAnswer(in: response) == answer)
    }

    @Test(arguments: [
        "", "42", "\\boxed", "\\boxed{", "\\boxed{1} and \\boxed{2", "\\boxed 5", "\\fbox{5}", "<think>\\boxed{1}",
        "<think>\\boxed{1}</think> so it is 1", "\\boxed{{1}", "\\boxed{1\\}",
    ])
    func thereIsNoAnswer(response: String) {
        #expect(AnswerExtraction.boxedAnswer(in: response) == nil)
    }

    @Test func aLongResponseIsRead() {
        let thoughts = String(repeating: "but \\boxed{\\boxed{ wait </think", count: 100_000)
        #expect(AnswerExtraction.boxedAnswer(in: thoughts) == nil)
        #expect(AnswerExtraction.boxedAnswer(in: thoughts + "</think>\\boxed{9}") == "9")
    }
}
