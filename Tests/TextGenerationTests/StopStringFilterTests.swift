import Testing

@testable import TextGeneration

@Suite struct StopStringFilterTests {
    /// What is passed on, and the stop string, when the text comes in pieces of `size` characters.
    private func run(_ stops: [String], _ text: String, size: Int) -> (String, String?) {
        var filter = StopStringFilter(stops)
        var output = ""
        var rest = Substring(text)
        while !rest.isEmpty {
            output += filter.append(String(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        output += filter.finish()
        return (output, filter.found)
    }

    @Test(arguments: 1...7)
    func findsTheSameHoweverTheTextIsCut(size: Int) {
        let cases: [(stops: [String], text: String, output: String, found: String?)] = [
            (["STOP"], "go on STOP here", "go on ", "STOP"),
            (["STOP"], "STO STO", "STO STO", nil),
            (["###", "\n\n"], "one ## two\n\nthree###", "one ## two", "\n\n"),
            // The beginning of the match is found again inside a failed one.
            (["aab"], "aaab", "a", "aab"),
            (["abab!"], "ababab!", "ab", "abab!"),
            // Of those that end together the longest is cut off.
            (["b", "ab"], "xxab", "xx", "ab"),
            (["bc", "abcd"], "abcd", "a", "bc"),
            (["終わり"], "これで終わ。終わり。", "これで終わ。", "終わり"),
            ([], "anything", "anything", nil),
            ([""], "anything", "anything", nil),
        ]
        for (stops, text, output, found) in cases {
            let result = run(stops, text, size: size)
            #expect(result.0 == output)
            #expect(result.1 == found)
        }
    }

    @Test func holdsBackOnlyWhatMayBeAStop() {
        var filter = StopStringFilter(["STOP"])
        #expect(filter.append("no ST") == "no ")
        #expect(filter.append("ART") == "START")
        #expect(filter.append(" S") == " ")
        #expect(filter.finish() == "S")
    }

    @Test func nothingComesAfterTheStop() {
        var filter = StopStringFilter(["."])
        #expect(filter.append("a.b") == "a")
        #expect(filter.append("c") == "")
        #expect(filter.finish() == "")
    }
}
