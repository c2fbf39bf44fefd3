import Testing

@testable import Tokenizers

struct JSONValueTests {
    private func rewritten(_ text: String) throws -> String {
        var writer = JSONWriter()
        writer.write(try JSONValue(parsing: text))
        return writer.text
    }

    @Test(
        "JSON is read and written as Python does",
        arguments: [
            (#"{"b":1,"a":[true,false,null,-0,1.50,1e3]}"#, #"{"b": 1, "a": [true, false, null, 0, 1.5, 1000.0]}"#),
            (#"["\u00e9\ud83d\ude00\n\/\"","\u0001"]"#, #"["é😀\n/\"", "\u0001"]"#), (#"{"a":1,"a":2}"#, #"{"a": 2}"#),
            ("[NaN,-Infinity]", "[NaN, -Infinity]"), (" [ ] ", "[]"),
            ("{\"\u{E9}\":1,\"e\u{301}\":2}", "{\"\u{E9}\": 1, \"e\u{301}\": 2}"),
        ]
    )
    func rewrites(text: String, expected: String) throws {
        #expect(Array(try rewritten(text).utf8) == Array(expected.utf8))
    }

    @Test(
        "what is not JSON is an error with its place",
        arguments: [
            "", "[", "{", "[1,]", "{\"a\":}", "{\"a\" 1}", "[1 2]", "tru", "01", "-", "\"", "\"\\", "\"\\u12",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\x\"", "\"\n\"", "1 1", "{1:2}", "\u{FEFF}", "+1", ".5", "[\"a\"",
        ]
    )
    func refuses(text: String) {
        let error = TinyTokenizer.failure { _ = try JSONValue(parsing: text, name: "x.json") }
        #expect(error?.code == .malformedFile)
        #expect(error?.message.hasPrefix("x.json: byte ") == true)
    }

    @Test("nesting is limited")
    func deep() throws {
        let deep = String(repeating: "[", count: 256) + String(repeating: "]", count: 256)
        #expect(try rewritten(deep) == deep)
        #expect(TinyTokenizer.failure { _ = try JSONValue(parsing: "[" + deep + "]") }?.code == .malformedFile)
    }
}
