import KongurTesting
import Testing
import Tokenizers

@testable import Grammars

/// Schemas that are made to take forever, and answers that are.
@Suite struct LimitTests {
    private static func nested(_ depth: Int, _ build: (String) -> String) -> String {
        (0..<depth).reduce("{}") { inner, _ in build(inner) }
    }

    private static func chain(_ length: Int, _ build: (Int) -> String) -> String {
        let parts = (0..<length).map { "\"d\($0)\": \(build($0 + 1))" } + ["\"d\(length)\": {\"type\": \"null\"}"]
        return ##"{"$ref": "#/$defs/d0", "$defs": {"## + parts.joined(separator: ", ") + "}}"
    }

    static let small: [String] = [
        #"{"type": "array", "maxItems": 1000000000}"#,
        #"{"type": "array", "minItems": 1000000000, "items": {"type": "string", "minLength": 1000000000}}"#,
        #"{"type": "string", "maxLength": 9000000000000000000}"#,
        nested(30) { #"{"anyOf": [\#($0), {"type": "null"}]}"# },
        nested(100) { #"{"type": "array", "items": \#($0)}"# },
        nested(60) { #"{"properties": {"a": \#($0)}, "additionalProperties": {"type": "array"}}"# },
        chain(30) { ##"{"anyOf": [{"$ref": "#/$defs/d\##($0)"}, {"$ref": "#/$defs/d\##($0)"}]}"## },
        chain(5000) { ##"{"properties": {"n": {"$ref": "#/$defs/d\##($0)"}}}"## },
        ##"{"anyOf": [{"$ref": "#"}, {"type": "integer"}]}"##,
        ##"{"type": "array", "items": {"allOf": [{"$ref": "#"}, {"minItems": 0}]}}"##,
        ##"{"type": "object", "properties": {"next": {"$ref": "#", "type": "object"}}}"##,
        chain(30) { ##"{"allOf": [{"$ref": "#/$defs/d\##($0)"}, {"$ref": "#/$defs/d\##($0)"}]}"## },
        nested(9) { #"{"allOf": [{"anyOf": [\#($0), {"minItems": 1}]}, {"anyOf": [\#($0), {"maxItems": 5}]}]}"# },
        #"{"type": "string", "pattern": "(a*)*(b*)*c{0,50}"}"#,
    ]

    static let large: [String] = [
        #"{"type": "string", "pattern": "^(.{1000}){1000}$"}"#,
        #"{"type": "string", "pattern": "a.{30}b"}"#,
        #"{"type": "string", "pattern": "^((((a{99}){99}){99}){99}){99}$"}"#,
        #"{"type": "string", "pattern": "\#(String(repeating: "(", count: 5000))"}"#,
        #"{"type": "string", "pattern": "^[a-z]*$", "minLength": 1000000, "maxLength": 2000000}"#,
        #"{"anyOf": [\#(Array(repeating: "{}", count: 60000).joined(separator: ","))]}"#,
        #"{"const": "\#(String(repeating: "x", count: 1_000_000))"}"#,
        #"{"properties": {"\#(String(repeating: "x", count: 1_000_000))": {}}}"#,
        ##"{"allOf": [{"$ref": "#"}, {"$ref": "#"}]}"##,
    ]

    private func compileTime(_ schema: String) throws -> (Duration, (any Error)?) {
        let value = try JSONValue(parsing: schema)
        var failure: (any Error)?
        let time = ContinuousClock().measure {
            do { _ = try Grammar.jsonSchema(value) } catch { failure = error }
        }
        return (time, failure)
    }

    @Test(arguments: small.indices) func smallGrammarsComeOfLargeNumbers(_ index: Int) throws {
        let (time, failure) = try compileTime(Self.small[index])
        #expect(failure == nil && time < .seconds(5), "\(Self.small[index].prefix(200)): \(time)")
    }

    @Test(arguments: large.indices) func whatIsTooLargeIsRefusedSoon(_ index: Int) throws {
        let (time, failure) = try compileTime(Self.large[index])
        #expect(failure is GrammarError, "\(Self.large[index].prefix(200))")
        #expect(time < .seconds(5), "\(Self.large[index].prefix(200)): \(time)")
    }

    /// Each level can be read in two ways, so that the readings double with each.
    @Test func manyReadingsAreBounded() async throws {
        let schema =
            ##"{"$ref": "#/$defs/n", "$defs": {"n": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/n"}, "maxItems": 3}, {"type": "array", "items": {"$ref": "#/$defs/n"}, "maxItems": 4}]}}}"##
        var matcher = Matcher(try Grammar.jsonSchema(JSONValue(parsing: schema)))
        for _ in 0..<40 { try matcher.follow("[") }
        await Task.yield()
        #expect(matcher.readings.count <= Matcher.mostReadings)
        for _ in 0..<40 { try matcher.follow("]") }
        #expect(matcher.mayEnd)
    }

    @Test func nestingAsDeepAsAnAnswerIsLongIsNoTrouble() async throws {
        let schema = ##"{"type": "array", "items": {"$ref": "#"}}"##
        var matcher = Matcher(try Grammar.jsonSchema(JSONValue(parsing: schema)))
        for count in 0..<20_000 {
            if count % 1000 == 0 { await Task.yield() }
            try matcher.follow("[")
        }
        for count in 0..<20_000 {
            if count % 1000 == 0 { await Task.yield() }
            try matcher.follow("]")
        }
        #expect(matcher.mayEnd && matcher.mustEnd)
    }
}
