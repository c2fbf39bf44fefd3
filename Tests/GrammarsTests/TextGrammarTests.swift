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

    private func matches(_ grammar: Grammar, _ text: String) -> Bool {
        var matcher = Matcher(grammar)
        return matcher.advance(text.utf8) && matcher.mayEnd
    }

    @Test func choiceIsOneOfItsTextsToTheLetter() throws {
        let grammar = try Grammar.choice(["yes", "no", "yes!", "日本"])
        for text in ["yes", "no", "yes!", "日本"] { #expect(matches(grammar, text)) }
        for text in ["", " yes", "yes ", "ye", "yesno", "日"] { #expect(!matches(grammar, text)) }
        for texts in [[], ["a", ""], (0..<1000).map { "\($0)" + String(repeating: "x", count: 1000) }] {
            #expect(throws: GrammarError.self) { try Grammar.choice(texts) }
        }
    }

    @Test func patternIsMatchedFromBeginningToEnd() throws {
        let cases: [(String, [String], [String])] = [
            ("[a-z]+", ["a", "abc"], ["", " a", "a1", "A"]), ("^\\d{3}$", ["123"], ["12", "1234", "a123"]),
            ("a|bc", ["a", "bc"], ["abc", "b"]), ("^a$|b", ["a", "b"], ["ab"]), ("(ab)*", ["", "abab"], ["aba"]),
            ("é.?", ["é", "éx"], ["e", "é\n"]), ("a{2,3}\"", ["aa\"", "aaa\""], ["aa", "a\""]),
            ("[\\n\\\\]{2}", ["\n\\", "\\\n"], ["\\n", "nn"]),
        ]
        for (pattern, good, bad) in cases {
            let grammar = try Grammar.pattern(pattern)
            for text in good { #expect(matches(grammar, text), "\(pattern): \(text)") }
            for text in bad { #expect(!matches(grammar, text), "\(pattern): \(text)") }
        }
        for pattern in ["(", "a)", "[", "*", "(a{900}){900}", "[^\\s\\S]"] {
            #expect(throws: GrammarError.self, "\(pattern)") { try Grammar.pattern(pattern) }
        }
    }
}
