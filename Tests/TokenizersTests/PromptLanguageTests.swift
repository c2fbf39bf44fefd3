import Testing

@testable import Tokenizers

struct PromptLanguageTests {
    @Test(
        arguments: [
            ("求函数 f(x) = x^2 的最小值", true), ("已知 $\\frac{a}{b}=2$，求 a 的所有可能取值。", true), ("What is 1 + 1?", false),
            ("What does 你好 mean in English?", false), ("", false), ("12 + 34 = ?", false), ("안녕하세요 세계", false),
        ]
    )
    func isMostlyChinese(text: String, expected: Bool) {
        #expect(PromptLanguage.isMostlyChinese(text) == expected)
    }
}
