import Testing

@testable import Tokenizers

/// Exact equality with Hugging Face's `tokenizers` on fuzzed texts.
@Suite(.enabled(if: Oracle.isAvailable, Oracle.skipped))
struct TokenizerOracleTests {
    @Test(
        "small tokenizers agree with the reference",
        arguments: ["gpt2", "gpt2-prefix", "llama3", "qwen-marks", "digits", "digit-runs", "pairs-and-text"]
    )
    func trained(name: String) throws {
        let folder = try Oracle.tokenizers.get() + "/" + name
        try check(try Tokenizer.load(directory: folder), folder)
    }

    @Test(
        "Qwen2.5 agrees with the reference, from both layouts of files",
        .enabled(if: Oracle.hasData, Oracle.skippedData)
    )
    func qwen() throws {
        let folder = try Oracle.tokenizers.get() + "/qwen"
        try check(try Tokenizer.load(directory: folder), folder)
        let tokenizer = try Tokenizer.load(directory: Oracle.data)
        try check(tokenizer, folder)
        #expect(tokenizer.endOfTextID == 151_643)
        #expect(tokenizer.id(of: "<|im_end|>") == 151_645)
        #expect(tokenizer.isSpecial(151_645))
        #expect(!tokenizer.isSpecial(151_657))
    }

    private func check(_ tokenizer: Tokenizer, _ folder: String) throws {
        let cases = try Oracle.json(folder + "/cases.json")
        #expect(tokenizer.vocabularySize == cases["size"]?.int)
        var wrong = 0
        func expect<Answer: Equatable>(_ found: Answer, _ expected: Answer, _ what: @autoclosure () -> String) {
            if found == expected { return }
            wrong += 1
            if wrong <= 5 { Issue.record("\(what()): \(found), expected \(expected)") }
        }
        let samples = try #require(cases["encode"]?.array)
        #expect(samples.count > 100)
        for sample in samples {
            let text = try #require(sample["text"]?.string)
            expect(tokenizer.encode(text), integers(sample["ids"]), "ids of \(text.debugDescription)")
            expect(
                tokenizer.encode(text, allowSpecial: false),
                integers(sample["plain"]),
                "plain \(text.debugDescription)"
            )
            expect(
                tokenizer.encode(text, addSpecialTokens: true),
                integers(sample["around"]),
                "with special \(text.debugDescription)"
            )
        }
        for sample in try #require(cases["decode"]?.array) {
            let ids = integers(sample["ids"])
            for (skips, key) in [(true, "skipping"), (false, "all")] {
                let expected = Array((sample[key]?.string ?? "").utf8)
                expect(Array(tokenizer.decode(ids, skipSpecial: skips).utf8), expected, "text of \(ids)")
                var stream = StreamingDetokenizer(tokenizer: tokenizer, skipSpecial: skips)
                let streamed = ids.map { stream.append($0) }.joined() + stream.finish()
                expect(Array(streamed.utf8), expected, "streamed text of \(ids)")
            }
        }
        #expect(wrong == 0)
    }

    private func integers(_ value: JSONValue?) -> [Int] { value?.array?.compactMap(\.int) ?? [] }
}
