import Testing

@testable import Tokenizers

struct TokenizerFileTests {
    private func failure(_ files: [String: String]) throws -> TokenizerError? {
        try TinyTokenizer.withFolder(files.mapValues { Array($0.utf8) }) { folder in
            TinyTokenizer.failure { _ = try Tokenizer.load(directory: folder) }
        }
    }

    @Test("a tokenizer loads with merges in both spellings, and its configuration names bos and eos")
    func loads() throws {
        let configuration = #"{"eos_token": {"content": "<|end|>"}, "bos_token": "h", "model_max_length": 1e30}"#
        let files = ["tokenizer.json": TinyTokenizer.json(), "tokenizer_config.json": configuration]
        try TinyTokenizer.withFolder(files.mapValues { Array($0.utf8) }) { folder in
            let tokenizer = try Tokenizer.load(directory: folder)
            #expect(tokenizer.encode("hello<|end|> he") == [259, 260, 32, 256])
            #expect(tokenizer.encode("<|end|>", allowSpecial: false).count == 7)
            #expect(tokenizer.endOfTextID == 260)
            #expect(tokenizer.beginningOfTextID == 104)
            #expect(tokenizer.vocabularySize == 261)
            #expect(tokenizer.token(of: 32) == "Ġ")
            #expect(tokenizer.bytes(of: 32) == [32])
            #expect(tokenizer.bytes(of: 999) == nil)
            #expect(tokenizer.bytes(of: -1) == nil)
        }
    }

    @Test("without tokenizer.json, vocabulary, merges and added tokens come from their own files")
    func olderLayout() throws {
        let files = [
            "vocab.json": #"{"h": 0, "i": 1, "hi": 2, "<|eos|>": 3, "Ġ": 4}"#,
            "merges.txt": "#version: 0.2\nh i\r\n",
            "added_tokens.json": #"{"<x>": 5}"#,
            "tokenizer_config.json": #"{"tokenizer_class": "GPT2Tokenizer", "eos_token": "<|eos|>"}"#,
        ]
        try TinyTokenizer.withFolder(files.mapValues { Array($0.utf8) }) { folder in
            let tokenizer = try Tokenizer.load(directory: folder)
            #expect(tokenizer.encode("hi hi<|eos|><x>") == [2, 4, 2, 3, 5])
            #expect(tokenizer.isSpecial(3))
            #expect(!tokenizer.isSpecial(5))
            #expect(tokenizer.decode([2, 3, 5]) == "hi<x>")
        }
    }

    @Test("a folder without a tokenizer, and a class that is not known, are named")
    func missing() throws {
        #expect(try failure([:])?.code == .fileNotReadable)
        let error = try failure([
            "vocab.json": "{}", "merges.txt": "", "tokenizer_config.json": #"{"tokenizer_class": "T5Tokenizer"}"#,
        ])
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("T5Tokenizer") == true)
    }

    @Test(
        "what is not supported is an error that names it",
        arguments: [
            (TinyTokenizer.json(preTokenizer: #"{"type": "Metaspace"}"#), "Metaspace"),
            (TinyTokenizer.json(preTokenizer: "null"), "null"),
            (
                TinyTokenizer.json(
                    preTokenizer:
                        #"{"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "\\w+"}, "#
                        + #""behavior": "Isolated"}, {"type": "ByteLevel", "add_prefix_space": false}]}"#
                ), #"\w+"#
            ),
            (TinyTokenizer.json(model: #""byte_fallback": true,"#), "byte_fallback"),
            (TinyTokenizer.json(model: #""dropout": 0.1,"#), "dropout"),
            (TinyTokenizer.json(model: #""end_of_word_suffix": "</w>","#), "end_of_word_suffix"),
            (TinyTokenizer.json(merges: #"["日 本"]"#), "日"),
        ]
    )
    func unsupported(json: String, named: String) throws {
        let error = try failure(["tokenizer.json": json])
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains(named) == true, "\(error?.message ?? "no error")")
        #expect(error?.message.contains("tokenizer.json") == true)
    }

    @Test(
        "broken files are errors that name the file",
        arguments: [
            "", "[]", "{", #"{"model": 3}"#, #"{"model": {"vocab": {"a": "b"}}}"#, #"{"model": {"vocab": {"a": -1}}}"#,
            #"{"model": {"vocab": {"a": 99999999999}}}"#, #"{"model": {"vocab": {"a": 1.5}}}"#,
            #"{"model": {"merges": [["a"]]}}"#, #"{"model": {"merges": ["abc"]}}"#, #"{"model": {"merges": {}}}"#,
            TinyTokenizer.json(merges: #"["h x"]"#), TinyTokenizer.json(added: "3"),
            TinyTokenizer.json(added: #"{"content": "x", "id": -4}"#), TinyTokenizer.json(preTokenizer: "[]"),
            String(repeating: "[", count: 100_000), String(repeating: #"{"a":"#, count: 100_000),
            #"{"normalizer": "# + String(repeating: "[", count: 100_000),
        ]
    )
    func broken(json: String) throws {
        let error = try failure(["tokenizer.json": json])
        #expect(error?.code == .malformedFile, "\(error?.message ?? "no error")")
        #expect(error?.message.contains("tokenizer.json") == true)
    }

    @Test("bytes that are not UTF-8 are an error where text is needed")
    func invalidUTF8() throws {
        for name in ["tokenizer_config.json", "chat_template.jinja"] {
            let bytes = Array(#"{"chat_template": ""#.utf8) + [0xFF, 0xC3] + Array(#""}"#.utf8)
            let error = try TinyTokenizer.withFolder([name: bytes]) { folder in
                TinyTokenizer.failure { _ = try ChatTemplate.load(directory: folder) }
            }
            #expect(error?.code == .malformedFile)
            #expect(error?.message.contains(name) == true)
        }
    }

    @Test("a file cut short or with bytes changed anywhere is an error or a tokenizer, never a trap")
    func mutations() throws {
        let whole = Array(TinyTokenizer.json().utf8)
        var state: UInt64 = 7
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for round in 0..<400 {
            var bytes = whole
            if round % 2 == 0 {
                bytes.removeSubrange(random(bytes.count)...)
            } else {
                for _ in 0..<3 { bytes[random(bytes.count)] = UInt8(random(256)) }
            }
            do throws(TokenizerError) {
                let tokenizer = try TokenizerFile.read(bytes, path: "tokenizer.json")
                _ = tokenizer.decode(tokenizer.encode("hello <|end|> é 12"))
            } catch {
                #expect(error.message.contains("tokenizer.json"))
            }
        }
    }

    @Test("every number of the files as numbers that no tokenizer has: an error that names the file, or a tokenizer")
    func everyNumberHasARange() throws {
        let template = #"""
            "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "b", "type_id": 0}},
              {"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {"b": {"id": "b", "ids": [104], "tokens": ["b"]}}},
            "normalizer"
            """#
        let files = [
            "tokenizer.json": TinyTokenizer.json(model: #""dropout": 0,"#).replacing(#""normalizer""#, with: template),
            "tokenizer_config.json":
                #"{"added_tokens_decoder": {"261": {"content": "<x>", "special": true}}, "model_max_length": 1000}"#,
        ]
        let values = [
            "-1", "0", "0.5", "16777216", "4294967296", "9223372036854775807", "-9223372036854775808",
            "18446744073709551616", "1e308", "1e999", "NaN", "null", "[]", "{}",
        ]
        for (name, text) in files {
            var numbers: [Range<String.Index>] = []
            for match in text.matches(of: /[0-9]+/) where text[..<match.range.lowerBound].last != "u" {
                numbers.append(match.range)
            }
            // Of the vocabulary's ids some are enough.
            for (index, number) in numbers.enumerated()
            where index < 20 || index % 40 == 0 || index > numbers.count - 12 {
                for value in values {
                    var changed = files
                    changed[name] = text[..<number.lowerBound] + value + text[number.upperBound...]
                    try load(changed)
                }
            }
        }
    }

    /// Loads and uses a tokenizer, or expects an error that names a file.
    private func load(_ files: [String: String]) throws {
        try TinyTokenizer.withFolder(files.mapValues { Array($0.utf8) }) { folder in
            do {
                let tokenizer = try Tokenizer.load(directory: folder)
                let ids = tokenizer.encode("hello<|end|> he<x>", addSpecialTokens: true)
                _ = tokenizer.decode(ids + [-1, .max, .min])
            } catch {
                let isNamed = (error as? TokenizerError)?.message.contains(folder) == true
                #expect(isNamed, "\(error)")
            }
        }
    }
}
