import Testing

@testable import TextGeneration

@Suite struct ReasoningSplitterTests {
    private func run(
        _ text: String,
        _ start: ReasoningSplitter.Opening = .undecided,
        size: Int = 1,
        preambleLimit: Int = 64
    ) -> (splitter: ReasoningSplitter, reasoning: String, answer: String) {
        var splitter = ReasoningSplitter(start, preambleLimit: preambleLimit)
        var pieces: [ReasoningSplitter.Piece] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            pieces += splitter.append(String(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        pieces += splitter.finish()
        var (reasoning, answer) = ("", "")
        for piece in pieces {
            switch piece {
            case .reasoning(let text): reasoning += text
            case .answer(let text): answer += text
            }
        }
        return (splitter, reasoning, answer)
    }

    @Test(arguments: [1, 2, 3, 5, 8, 1000])
    func splitsTheSameHoweverTheTextIsCut(size: Int) {
        let cases: [(text: String, start: ReasoningSplitter.Opening, reasoning: String, answer: String)] = [
            ("<think>\nwhy\n</think>\n\nbecause", .undecided, "why", "because"),
            // The template has opened the tag.
            ("\nwhy\n</think>\n\nbecause", .reasoning, "why", "because"),
            // The template has closed it.
            ("\nbecause </think> <think>", .answer, "\nbecause </think> <think>", ""),
            ("Let me see.\n<think>why</think>because", .undecided, "Let me see.\nwhy", "because"),
            ("why</think>because", .undecided, "why", "because"),
            ("<think>why, and why", .undecided, "why, and why", ""),
            ("<think>a < b and <thin and </thin</think>4 < 5", .undecided, "a < b and <thin and </thin", "4 < 5"),
            ("<think>a\n\nb</think>c</think>d<think>e", .undecided, "a\n\nb", "c</think>d<think>e"),
            ("<think>a<think>b</think>c", .undecided, "a<think>b", "c"),
            ("<think></think>4", .undecided, "", "4"),
            ("<think>x</think>\n\n    indented", .undecided, "x", "    indented"),
            ("<think>为什么</think>因为", .undecided, "为什么", "因为"),
            ("<think>\r\nx\r\n</think>\r\ny", .undecided, "x", "y"),
            ("", .undecided, "", ""),
            ("plain <b>", .undecided, "", "plain <b>"),
            ("almost </thin", .reasoning, "almost </thin", ""),
        ]
        for (text, start, reasoning, answer) in cases {
            let result = run(text, start, size: size)
            // `.answer` is given the whole text as answer.
            let expected = start == .answer ? ("", reasoning) : (reasoning, answer)
            #expect(result.reasoning == expected.0, "\(text)")
            #expect(result.answer == expected.1, "\(text)")
            #expect(result.splitter.reasoning == result.reasoning)
            #expect(result.splitter.answer == result.answer)
        }
    }

    @Test func textIsPassedOnAsSoonAsItIsDecided() {
        var splitter = ReasoningSplitter()
        #expect(splitter.append("<think>be") == [.reasoning("be")])
        #expect(splitter.isReasoning)
        #expect(splitter.append("cause </th") == [.reasoning("cause ")])
        #expect(splitter.append("ink>4") == [.answer("4")])
        #expect(!splitter.isReasoning)
        #expect(splitter.append("2") == [.answer("2")])
    }

    @Test func longTextWithoutATagIsStreamedAsAnswer() {
        var splitter = ReasoningSplitter(preambleLimit: 8)
        #expect(splitter.append("Hello") == [])
        #expect(splitter.append(", world") == [.answer("Hello, world")])
        #expect(splitter.append("!") == [.answer("!")])
    }

    @Test func lateTagSetsTheResultRight() {
        let late = run("a long preamble <think>why</think>because", size: 4, preambleLimit: 8)
        #expect(late.splitter.reasoning == "a long preamble why")
        #expect(late.splitter.answer == "because")
        let unopened = run("a long thought</think>because", size: 4, preambleLimit: 8)
        #expect(unopened.splitter.reasoning == "a long thought")
        #expect(unopened.splitter.answer == "because")
    }

    @Test func manyLineBreaksDoNotPileUp() {
        var splitter = ReasoningSplitter(.reasoning)
        var given = ""
        for piece in splitter.append("x" + String(repeating: "\n", count: 100)) {
            if case .reasoning(let text) = piece { given += text }
        }
        #expect(given.count == 101)
    }

    @Test func promptSaysHowTheTextBegins() {
        #expect(ReasoningSplitter.opening(after: "<|Assistant|><think>\n") == .reasoning)
        #expect(ReasoningSplitter.opening(after: "assistant\n<think>\n\n</think>\n\n") == .answer)
        #expect(ReasoningSplitter.opening(after: "what does <think> mean?\nassistant\n") == .undecided)
        #expect(ReasoningSplitter.opening(after: "") == .undecided)
    }
}
