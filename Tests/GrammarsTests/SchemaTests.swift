import Testing
import Tokenizers

@testable import Grammars

/// Which texts a schema lets through, byte by byte.
@Suite struct SchemaTests {
    struct Case: CustomTestStringConvertible {
        var schema: String
        var accepted: [String]
        var rejected: [String]

        init(_ schema: String, _ accepted: [String], not rejected: [String]) {
            self.schema = schema
            self.accepted = accepted
            self.rejected = rejected
        }

        var testDescription: String { schema }
    }

    static let cases = [
        Case(
            #"{"type": "object"}"#,
            [
                #"{}"#, #"{ }"#, #"{"a":1}"#, #"{"a": [1, {"b": null}], "c": "\u00e9\ud83d\ude00\n"}"#,
                "{\n  \"a\": true\n}",
            ],
            not: [
                "", "[]", "1", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#, "{}}", #"{"a":"\ud83d"}"#,
                "{\"a\":\"\n\"}",
            ]
        ),
        Case(
            #"{"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}, "c": {}}, "required": ["b"]}"#,
            [#"{"b":""}"#, #"{"a":0,"b":"x"}"#, #"{"a": -12, "b": "x", "c": [1.5e3]}"#, #"{"b":"x","c":{"d":{}}}"#],
            not: [
                #"{}"#, #"{"a":1}"#, #"{"b":1}"#, #"{"a":01,"b":""}"#, #"{"b":"","a":1}"#, #"{"b":"","d":1}"#,
                #"{"a":1.5,"b":""}"#,
            ]
        ),
        Case(
            #"{"properties": {"a": {"type": "null"}}, "additionalProperties": {"type": "boolean"}}"#,
            [#"{}"#, #"{"a":null}"#, #"{"x":true}"#, #"{"a":null,"x":true,"":false}"#, #"{"aa":true,"b":false}"#],
            not: [#"{"a":true}"#, #"{"x":true,"a":true}"#, #"{"x":null}"#, #"{"\u0061":true}"#]
        ),
        Case(
            #"{"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3}"#,
            ["[1]", "[1,2]", "[ 1, 2,\n 3 ]"],
            not: ["[]", "[1,2,3,4]", "[1,]", "[1 2]", "[true]", "[,1]"]
        ),
        Case(#"{"type": "array", "maxItems": 0}"#, ["[]", "[ ]"], not: ["[1]"]),
        Case(#"{"type": "array", "items": false}"#, ["[]"], not: ["[1]", "[[]]"]),
        Case(
            #"{"prefixItems": [{"type": "integer"}, {"type": "string"}], "items": {"type": "null"}, "minItems": 1, "maxItems": 4}"#,
            ["[1]", #"[1,"a"]"#, #"[1,"a",null]"#, #"[1,"a",null,null]"#],
            not: ["[]", #"["a"]"#, "[1,null]", #"[1,"a",null,null,null]"#, #"[1,"a",1]"#]
        ),
        Case(#"{"prefixItems": [{"type": "integer"}], "items": false, "minItems": 1}"#, ["[1]"], not: ["[]", "[1,1]"]),
        Case(#"{"prefixItems": [{"type": "integer"}], "minItems": 2}"#, ["[1,2]", "[1,{}]"], not: ["[1]"]),
        Case(#"{"prefixItems": [true, true, true], "maxItems": 1}"#, ["[]", "[1]"], not: ["[1,2]"]),
        Case(
            #"{"enum": ["a", "ab", 1, null, [1, {"k": "v"}], true]}"#,
            [#""a""#, #""ab""#, "1", "null", #"[1,{"k":"v"}]"#, "[1, {\"k\": \"v\"}]", "true"],
            not: [#""b""#, "2", "11", "[1]", "false", #""""#]
        ),
        Case(#"{"type": "string", "enum": ["a", 1]}"#, [#""a""#], not: ["1"]),
        Case(#"{"const": "qu\"ote\n"}"#, [#""qu\"ote\n""#], not: [#""quote""#]),
        Case(
            ##"{"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 2}, {"type": "array", "items": {"$ref": "#"}}]}"##,
            ["1", #""ab""#, "[]", #"[1,["a",[[2]]]]"#],
            not: [#""abc""#, "[1.5]", "null", "[[}"]
        ),
        Case(#"{"type": ["string", "null"]}"#, [#""""#, "null"], not: ["1", "nul"]),
        Case(#"{"type": "integer", "nullable": true}"#, ["1", "null"], not: [#""""#]),
        Case(
            ##"{"allOf": [{"$ref": "#/$defs/named"}, {"properties": {"age": {"type": "integer"}}, "required": ["age"]}], "$defs": {"named": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}}}"##,
            [#"{"name":"x","age":3}"#],
            not: [#"{"name":"x"}"#, #"{"age":3}"#, #"{"name":1,"age":3}"#]
        ),
        Case(
            #"{"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}"#,
            [#"{"a":1}"#, #"{"b":1}"#, #"{"a":1,"b":2}"#],
            not: ["{}"]
        ),
        Case(
            ##"{"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"v": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}}, "required": ["v", "next"]}}}"##,
            [#"{"v":1,"next":null}"#, #"{"v":1,"next":{"v":2,"next":{"v":3,"next":null}}}"#],
            not: [#"{"v":1}"#, #"{"v":1,"next":{}}"#]
        ),
        Case(
            #"{"type": "string", "minLength": 2, "maxLength": 3}"#,
            [#""ab""#, #""abc""#, #""漢字😀""#, #""\n\u0041""#, #""\ud83d\ude00x""#, #""é\"é""#],
            not: [#""""#, #""a""#, #""abcd""#, #""\ud83d\ude00""#, #""漢字漢字""#]
        ),
        Case(
            #"{"type": "string", "pattern": "^[a-c]+(-[0-9]{2,3})?$"}"#,
            [#""abc""#, #""a-12""#, #""b-123""#],
            not: [#""""#, #""d""#, #""a-1""#, #""a-1234""#]
        ),
        Case(#"{"type": "string", "pattern": "b.d"}"#, [#""bed""#, #""a b\"d c""#], not: [#""bd""#, #""b\nd""#]),
        Case(
            #"{"type": "string", "pattern": "^\\d+$|^[^\\d]$", "maxLength": 3}"#,
            [#""123""#, #""x""#, #""é""#, #""\"""#],
            not: [#""1234""#, #""xx""#, #""1x""#]
        ),
        Case(#"{"type": "string", "pattern": "^a*$", "minLength": 2}"#, [#""aa""#, #""aaaaaaa""#], not: [#""a""#]),
        Case(
            #"{"type": "string", "format": "date"}"#,
            [#""2024-12-31""#, #""1999-02-28""#],
            not: [#""2024-02-30""#, #""2024-13-01""#, #""24-1-1""#, #""0000-01-01""#]
        ),
        Case(
            #"{"type": "string", "format": "date-time"}"#,
            [#""2024-12-31T23:59:59Z""#, #""2024-01-01T00:00:00.5+01:30""#],
            not: [#""2024-12-31""#, #""2024-12-31T24:00:00Z""#, #""2024-12-31T23:59:59""#]
        ),
        Case(
            #"{"type": "string", "format": "ipv4"}"#,
            [#""127.0.0.1""#, #""255.255.255.255""#],
            not: [#""256.1.1.1""#, #""1.2.3""#, #""01.2.3.4""#]
        ),
        Case(
            #"{"type": "string", "format": "uuid"}"#,
            [#""123e4567-e89b-12d3-a456-426614174000""#],
            not: [#""123e4567e89b12d3a456426614174000""#]
        ),
        Case(
            #"{"type": "string", "format": "email"}"#,
            [#""a.b@example.org""#],
            not: [#""a@b""#, #""@x.org""#, #""a@@x.org""#]
        ),
        Case(
            #"{"type": "string", "format": "uri"}"#,
            [#""https://a.example/b%20c?d=e&f#g""#, #""mailto:x@example.org""#, #""urn:isbn:0451450523""#],
            not: [#""example""#, #""http://""#, #""http://a b""#, #""://x""#, #""x:%zz""#]
        ),
        Case(
            #"{"type": "string", "format": "hostname"}"#,
            [#""localhost""#, #""a-1.example.org""#],
            not: [#""-a""#, #""a-""#, #""a..b""#, #""a_b""#, #""""#]
        ),
        Case(
            #"{"type": "string", "format": "ipv6"}"#,
            [#""::""#, #""::1""#, #""fe80::1:2""#, #""1:2:3:4:5:6:7:8""#, #""1:2:3:4:5:6:7::""#],
            not: [#""1""#, #""1:2:3:4:5:6:7:8:9""#, #""1::2::3""#, #""12345::""#, #""1:2:3:4:5:6:7""#]
        ),
        Case(
            #"{"type": "string", "format": "duration"}"#,
            [#""P1Y2M3DT4H5M6S""#, #""P3W""#, #""PT36H""#, #""P1D""#],
            not: [#""P""#, #""PT""#, #""P1DT""#, #""P1Y3D""#, #""1D""#]
        ),
        // Annotations.
        Case(#"{"type": "string", "format": "iri"}"#, [#""""#, #""anything""#], not: ["1"]),
        Case(#"{"format": "int32"}"#, ["1", #""x""#, "[]"], not: ["x"]),
        Case(#"{"type": "integer", "format": "date"}"#, ["1"], not: [#""2024-01-01""#]),
        Case(
            #"{"allOf": [{"type": "string", "format": "regex"}, {"format": "json-pointer", "maxLength": 2}]}"#,
            [#""[""#],
            not: [#""abc""#]
        ),
        Case(
            #"{"type": "string", "format": "date", "pattern": "^2024-.*-15$"}"#,
            [#""2024-02-15""#],
            not: [#""2023-02-15""#, #""2024-13-15""#, #""2024-02-16""#]
        ),
        // Looking ahead.
        Case(
            #"{"type": "string", "pattern": "^(?=.*[A-Z])(?=.*\\d)(?!.*\\s)[ -~]{4,8}$"}"#,
            [#""aB3d""#, #""1A\"\\\\""#],
            not: [#""abcd""#, #""ABCD""#, #""aB3""#, #""aB 3d""#, #""aB3456789""#]
        ),
        Case(
            #"{"type": "string", "pattern": "^(?!.*foo$|bar)[a-z]+$"}"#,
            [#""foobar""#, #""fo""#],
            not: [#""barfoo""#, #""foo""#, #""bart""#]
        ),
        Case(#"{"type": "string", "pattern": "^(?<year>\\d{4})$"}"#, [#""2024""#], not: [#""24""#]),
        // Multiples.
        Case(#"{"type": "integer", "multipleOf": 7}"#, ["0", "7", "-14", "700"], not: ["1", "8", "-10", "70.5"]),
        Case(#"{"type": "number", "multipleOf": 0.25}"#, ["0", "7.25", "-14.5", "3"], not: ["0.3", "1e2", "0.125"]),
        Case(
            #"{"type": "number", "multipleOf": 0.5, "minimum": 0, "maximum": 10}"#,
            ["0", "7.5", "10"],
            not: ["1.2", "10.5", "-1"]
        ),
        Case(#"{"multipleOf": 20}"#, ["40", "-20"], not: ["30", "4"]),
        // Elements that differ, in the order of their values.
        Case(
            #"{"type": "array", "items": {"enum": ["a", 1, 1.0, "a", null]}, "uniqueItems": true}"#,
            ["[]", #"["a"]"#, #"["a", null]"#, #"["a",1,null]"#],
            not: [#"["a","a"]"#, "[1,1.0]", "[1,1]", #"["b"]"#]
        ),
        Case(
            ##"{"items": {"$ref": "#/$defs/x"}, "uniqueItems": true, "minItems": 2, "$defs": {"x": {"enum": ["a", "b", "c"]}}}"##,
            [#"["a","c"]"#, #"["b","c"]"#, #"["a","b","c"]"#],
            not: ["[]", #"["a"]"#, #"["a","a"]"#]
        ),
        Case(
            #"{"items": {"type": "integer", "minimum": 1, "maximum": 9}, "uniqueItems": true, "minItems": 1, "maxItems": 2}"#,
            ["[1]", "[1,9]", "[ 8, 9 ]"],
            not: ["[]", "[1,1]", "[1,2,3]"]
        ),
        Case(
            #"{"items": {"type": "boolean"}, "uniqueItems": true, "minItems": 2}"#,
            ["[false,true]"],
            not: ["[true,true]", "[true]"]
        ),
        Case(#"{"items": {"type": "string"}, "uniqueItems": true, "maxItems": 1}"#, ["[]", #"["x"]"#], not: ["[1]"]),
        // Texts are what their code points are.
        Case(
            #"{"properties": {"\u00e9": {"type": "integer"}, "e\u0301": {"type": "null"}}, "required": ["\u00e9", "e\u0301"]}"#,
            ["{\"\u{E9}\":1,\"e\u{301}\":null}"],
            not: ["{\"\u{E9}\":1}", "{\"\u{E9}\":1,\"\u{E9}\":null}"]
        ),
        Case(
            #"{"allOf": [{"enum": ["\u00e9", "e\u0301", "x"]}, {"enum": ["e\u0301", "y"]}]}"#,
            ["\"e\u{301}\""],
            not: ["\"\u{E9}\"", #""x""#]
        ),
        Case(
            #"{"type": "integer", "minimum": -3, "maximum": 12}"#,
            ["-3", "-1", "0", "9", "10", "12"],
            not: ["-4", "13", "-0", "100", "1.0", "05"]
        ),
        Case(
            #"{"type": "integer", "exclusiveMinimum": 99, "maximum": 1000}"#,
            ["100", "999", "1000"],
            not: ["99", "1001", "10"]
        ),
        Case(#"{"type": "integer", "minimum": 1.5}"#, ["2", "100"], not: ["1", "-2"]),
        Case(
            #"{"type": "integer", "minimum": 17}"#,
            ["17", "20", "99", "100", "12345678901234567"],
            not: ["16", "9", "-20"]
        ),
        Case(
            #"{"type": "number", "minimum": 0, "maximum": 1}"#,
            ["0", "0.5", "1", "1.0", "0.999999"],
            not: ["1.1", "-0.5", "2", "1.01"]
        ),
        Case(
            #"{"type": "number", "exclusiveMinimum": -2, "exclusiveMaximum": 3}"#,
            ["-1.999", "0", "-0.5", "2.9", "1"],
            not: ["-2", "-2.0", "3", "3.0", "-3.5", "3.1"]
        ),
        Case(
            #"{"type": "number", "exclusiveMinimum": 0}"#,
            ["0.1", "0.000001", "17.25"],
            not: ["0", "0.0", "-1", "0.000000"]
        ),
        Case(#"{"type": "number"}"#, ["0", "-0.5", "1e5", "12.25E-3"], not: [".5", "1.", "01", "1e", "+1", "NaN"]),
        Case("true", ["1", "[]", "{}", #""a""#, "null"], not: ["", "nul", "[", "tru"]),
        Case(
            #"{"title": "t", "description": "d", "default": 1, "$schema": "x", "$id": "y", "examples": [1], "type": "boolean"}"#,
            ["true", "false"],
            not: ["1"]
        ),
        Case(#"{"properties": {"a": false, "b": {"type": "null"}}}"#, ["{}", #"{"b":null}"#], not: [#"{"a":1}"#]),
        Case(#"{"type": "null", "strict": true, "x-order": 1, "contentSchema": {}}"#, ["null"], not: ["true"]),
        Case(#"{"type": "object", "required": ["x"]}"#, [#"{"x":1}"#, #"{"x":[],"y":2}"#], not: ["{}", #"{"y":2}"#]),
        Case(
            ##"{"properties": {"a/b~c": {"type": "integer"}, "d": {"$ref": "#/properties/a~1b~0c"}}, "required": ["d"]}"##,
            [#"{"a/b~c":1,"d":2}"#],
            not: [#"{"d":""}"#]
        ),
    ]

    @Test(arguments: cases) func letsThroughWhatIsValid(_ example: Case) throws {
        let grammar = try Grammar.jsonSchema(JSONValue(parsing: example.schema))
        for text in example.accepted { #expect(grammar.accepts(text), "\(text)") }
        for text in example.rejected { #expect(!grammar.accepts(text), "\(text)") }
    }

    @Test(arguments: [
        (#"{"properties": {"a": {"not": {}}}}"#, "#/properties/a: the keyword 'not'"),
        (#"{"anyOf": [{}, {"type": "array", "uniqueItems": true}]}"#, "#/anyOf/1: the keyword 'uniqueItems'"),
        (
            ##"{"$defs": {"x": {"multipleOf": 1e-9}}, "items": {"$ref": "#/$defs/x"}}"##,
            "#/$defs/x: the 'multipleOf' 1e-09"
        ),
        (#"{"multipleOf": 0}"#, "'multipleOf' is a number above 0"),
        (#"{"type": "string", "pattern": "^a(?=b)"}"#, "ahead elsewhere than right behind '^'"),
        (#"{"type": "string", "pattern": "^(?<=a)b"}"#, "nothing may look behind"),
        (#"{"type": "string", "pattern": "^(?=a)|b"}"#, "in one of several alternatives"),
        (#"{"type": "string", "pattern": "^(?<name"}"#, "the name of a group has no end"),
        (#"{"allOf": [{"enum": [1]}, {"enum": [2]}]}"#, "no value"),
        (#"{"propertys": {}}"#, "#: the keyword 'propertys'"),
        (#"{"type": "string", "pattern": "(?=a)"}"#, "#/pattern: the pattern, at its character 2"),
        (#"{"type": "string", "pattern": "(a"}"#, "'(' without ')'"),
        (#"{"type": "string", "pattern": "a\\1"}"#, "'\\1' is not supported"),
        (#"{"type": "text"}"#, "#: 'type' is one"),
        (##"{"items": {"$ref": "#/$defs/gone"}}"##, "#/items: '$ref': there is nothing"),
        (#"{"$ref": "http://example.org/x"}"#, "another document"),
        (#"{"type": "number", "minimum": 0.5}"#, "only whole ones"),
        (##"{"properties": {"a": {"$ref": "#/properties/a"}}, "required": ["a"]}"##, "no value"),
        (##"{"properties": {"n": {"$ref": "#"}}, "required": ["n"]}"##, "no value"),
        (##"{"allOf": [{"$ref": "#"}]}"##, "no value"),
        (#"{"properties": {"x": {"minItems": 3, "maxItems": 2}}}"#, "#/properties/x: 'minItems' is larger"),
        (#"{"properties": {}, "required": ["x"], "additionalProperties": false}"#, "no value"),
        (#"{"enum": [[1e999]]}"#, "numbers that JSON cannot write"),
        (#"{"enum": []}"#, "'enum' is a list"),
        (
            #"{"allOf": [{"properties": {"a": true}, "additionalProperties": false}, {"properties": {"b": true}}]}"#,
            "'additionalProperties' speaks of the property 'b'"
        ),
        (#"{"type": "integer", "enum": [1], "minimum": 0}"#, "'minimum' beside 'enum'"),
        (#"[]"#, "a schema is an object"),
        (#"{"type": "string", "minLength": -1}"#, "'minLength' is a whole number"),
    ])
    func whatCannotBeHeldIsRefusedByName(_ schema: String, _ reason: String) throws {
        let schema = try JSONValue(parsing: schema)
        let error = #expect(throws: GrammarError.self) { _ = try Grammar.jsonSchema(schema) }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func thinkingIsFreeAndThenOver() throws {
        let end = Automaton.through("</think>")
        func grammar(_ thinking: AnswerFrame.Thinking) throws -> Grammar {
            try Grammar.jsonSchema(["type": "integer"], in: AnswerFrame(thinking: thinking))
        }
        let open = try grammar(.open(end: end))
        #expect(open.accepts("a < b </thin </think>\n\n12") && !open.accepts("12") && !open.accepts("a</think>b"))
        #expect(open.accepts("<</think>1") && !open.accepts("a</think>1</think>"))
        let possible = try grammar(.possible(opening: "<think>", end: end))
        #expect(possible.accepts("12") && possible.accepts("\n12") && possible.accepts("<think>\nwell</think>\n12"))
        #expect(!possible.accepts("<think>12") && !possible.accepts("well</think>12"))
    }

    @Test func frameStandsAroundTheValue() throws {
        let grammar = try Grammar.jsonSchema(["type": "integer"], in: AnswerFrame(prefix: "<a>", suffix: "</a>"))
        #expect(grammar.accepts("<a>12</a>") && !grammar.accepts("12") && !grammar.accepts("<a>12"))
    }

    @Test func whiteSpaceEnds() throws {
        let grammar = try Grammar.jsonSchema(["type": "array"])
        var matcher = Matcher(grammar)
        try matcher.follow("[1,")
        var other = matcher
        try other.follow(" ")
        #expect(throws: Matcher.Refused.self) { try other.follow(" ") }
        try matcher.follow("\n")
        var count = 0
        while count < 1000, matcher.advance(0x20) || matcher.advance(0x0A) { count += 1 }
        #expect(count > 16 && count < 40)
    }

    @Test func refusedBytesChangeNothing() throws {
        var matcher = Matcher(try Grammar.jsonSchema(["type": "array", "items": ["type": "integer"]]))
        try matcher.follow("[1")
        #expect(throws: Matcher.Refused.self) { try matcher.follow(",2,x") }
        try matcher.follow("0]")
        #expect(matcher.mayEnd && matcher.mustEnd)
    }
}

extension Grammar {
    /// Whether a text is let through byte by byte and may end where it ends.
    func accepts(_ text: String) -> Bool {
        var matcher = Matcher(self)
        for byte in text.utf8 where !matcher.advance(byte) { return false }
        return matcher.mayEnd
    }
}

extension Matcher {
    struct Refused: Error {
        var text: [UInt8]
    }

    /// Goes on with bytes that must be let through.
    mutating func follow(_ bytes: [UInt8]) throws {
        guard advance(bytes) else { throw Refused(text: bytes) }
    }

    mutating func follow(_ text: String) throws {
        try follow(Array(text.utf8))
    }
}
