import Testing

@testable import Grammars

struct TextGrammarTests {
    @Test func anythingButTheMarksIsText() {
        let grammar = Grammar.text(without: ["<think>", "</think>", "aab"])
        func mayEnd(behind text: String) -> Bool? {
            var matcher = Matcher(grammar)
            return matcher.advance(text.utf8) ? matcher.mayEnd : nil
        }
        for text in ["", " \n\t", "\r\n"] { #expect(mayEnd(behind: text) == false, "\(text)") }
        for text in ["4", "\n 4", "<", "<<think", "</think <think", "<thin></think", "aaaaa", "aaa", "é", "\u{0}"] {
            #expect(mayEnd(behind: text) == true, "\(text)")
        }
        for text in ["<think>", " <think>", "a<</think>", "<thi</think>", "</<think>", "aaaab", "aab", "<thinkaab"] {
            #expect(mayEnd(behind: text) == nil, "\(text)")
        }
    }
}
