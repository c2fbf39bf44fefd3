import Testing

@testable import TextGeneration

@Suite struct ReasoningSplitterTests {
    private func run(
        _ text: String,
        _ start: ReasoningSplitter.Opening = .undecided,
        size: Int = 1,
        isCautious: Bool = false
    ) -> (splitter: ReasoningSplitter, reasoning: String, answer: String) {
        var splitter = ReasoningSplitter(start, isCautious: isCautious)
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
            (" \n<think>why</think>because", .undecided, "why", "because"),
            // Tags inside of running text are text.
            ("Let me see.\n<think>why</think>because", .undecided, "", "Let me see.\n<think>why</think>because"),
            ("The tag <think> opens a thought", .undecided, "", "The tag <think> opens a thought"),
            ("`<think>`", .undecided, "", "`<think>`"),
            ("why</think>because", .undecided, "", "why</think>because"),
            ("</think>because", .undecided, "", "</think>because"),
            ("<thin", .undecided, "", "<thin"),
            (" \n ", .undecided, "", " \n "),
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

    @Test func answersAreToldFromTheirFirstByteOn() {
        var splitter = ReasoningSplitter()
        #expect(splitter.append("H") == [.answer("H")])
        #expect(splitter.append("i <think>") == [.answer("i <think>")])
        var tag = ReasoningSplitter()
        #expect(tag.append("<thi") == [])
        #expect(tag.append("s>") == [.answer("<this>")])
        // White space is held back before a tag, but not for ever.
        var blank = ReasoningSplitter()
        #expect(blank.append(String(repeating: "\n", count: 65)).count == 1)
    }

    @Test(arguments: [1, 3, 1000]) func tagOfASentenceIsTextWhereNothingSaysThatTheModelThinks(size: Int) {
        let cases = [
            ("<think> is no tag of HTML.", "", "<think> is no tag of HTML."),
            ("<think>, I said", "", "<think>, I said"), ("<think>", "", "<think>"),
            ("<think>\nwhy\n</think>\n4", "why", "4"), ("<think>Okay</think>4", "Okay", "4"),
            ("<think></think>4", "", "4"),
        ]
        for (text, reasoning, answer) in cases {
            let result = run(text, size: size, isCautious: true)
            #expect(result.reasoning == reasoning && result.answer == answer, "\(text)")
        }
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
        let continued = [
            "<think>\nso": ReasoningSplitter.Opening.reasoning, "<think>so</think>4": .answer, "4": .answer,
        ]
        for (message, opening) in continued {
            #expect(ReasoningSplitter.opening(continuing: message, after: message) == opening)
        }
        #expect(ReasoningSplitter.opening(continuing: " ", after: "<think>\n ") == .reasoning)
    }
}
