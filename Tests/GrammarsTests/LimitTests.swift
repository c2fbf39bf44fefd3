import KongurTesting
import MemoryAccounting
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

    /// Texts whose marks are not in canonical order: comparing them as characters takes long.
    private static func marked(_ number: Int) -> JSONValue {
        var (text, number) = ("", number)
        for _ in 0..<5 {
            text = String(Unicode.Scalar(UInt32(0x300 + number % 16)) ?? "x") + text
            number /= 16
        }
        return .string("q" + text)
    }

    private static func marked(_ numbers: Range<Int>) -> JSONValue { .array(numbers.map(marked)) }

    private static func object(_ count: Int, _ member: (Int) -> (String, JSONValue)) -> JSONValue {
        var object = JSONObject()
        for index in 0..<count {
            let (key, value) = member(index)
            object[key] = value
        }
        return .object(object)
    }

    private static func alternatives(_ part: Int) -> JSONValue {
        let all = (0..<50).map { number -> JSONValue in
            ["properties": object(1) { _ in ("p\(part)_\(number)", ["type": "integer"]) }]
        }
        return ["anyOf": .array(all)]
    }

    private static let twoEnums: JSONValue = ["allOf": [["enum": marked(0..<4000)], ["enum": marked(4000..<8000)]]]
    private static let twoLists: JSONValue = [
        "allOf": [["required": marked(0..<4000)], ["required": marked(4000..<8000)]]
    ]
    private static let manyMembers = object(900) { ("a\($0)", ["type": "integer"]) }
    private static let longName = object(1) { _ in
        (String(repeating: "k", count: 400_000), ["properties": manyMembers])
    }
    private static let words = (0..<9000).map { JSONValue.string("a value of some length, \($0)") }
    private static let patterns = (0..<900).map { number -> JSONValue in
        ["type": "string", "pattern": .string("^[\\w .,]{30}q\(number)$")]
    }

    /// Schemas whose parts are compared with each other, or whose tables become large.
    static let bombs: [(name: String, schema: JSONValue)] = [
        ("enums", twoEnums),
        ("required", twoLists),
        ("alternatives", ["allOf": .array((0..<20).map(alternatives))]),
        ("a long name", ["properties": longName]),
        ("a large table", ["type": "string", "pattern": #"^[a-c]([d-z]|[A-Z]|[0-9]|\W){20000}$"#]),
        ("words", ["enum": .array(words)]),
        ("patterns", ["anyOf": .array(patterns)]),
    ]

    @Test(arguments: bombs.indices) func memoryIsDrawnAndGivenBack(_ index: Int) throws {
        let (name, schema) = Self.bombs[index]
        let ledger = MemoryLedger(byteCount: 128 << 20)
        var grammar: Grammar?
        do throws(GrammarError) {
            grammar = try Grammar.jsonSchema(schema, in: AnswerFrame(), GrammarResources(memory: ledger))
            let size = grammar?.size ?? 0
            #expect(ledger.drawn > 0 && ledger.drawn <= size + 128 << 10, "\(name): \(ledger.drawn) of \(size)")
        } catch {
            let code = error.code
            #expect(code == .tooLarge || code == .unsatisfiable, "\(name): \(error)")
        }
        grammar = nil
        #expect(ledger.drawn == 0, "\(name)")
    }

    /// However many there are at a time, they take no more than there is.
    @Test func manyAtOnceShareTheirMemory() async throws {
        let ledger = MemoryLedger(byteCount: 8 << 20)
        let codes = await withTaskGroup(of: GrammarError.Code?.self) { group in
            for number in 0..<32 {
                group.addTask {
                    let schema: JSONValue = ["enum": .array((0..<1000).map { .string("value \(number * 1000 + $0)") })]
                    do throws(GrammarError) {
                        _ = try Grammar.jsonSchema(schema, in: AnswerFrame(), GrammarResources(memory: ledger))
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            return await group.reduce(into: [GrammarError.Code?]()) { $0.append($1) }
        }
        #expect(codes.allSatisfy { $0 == nil || $0 == .busy } && codes.contains(nil))
        #expect(ledger.drawn == 0)
    }

    @Test func workEndsWhenItIsToldTo() throws {
        let (_, schema) = Self.bombs[2]
        let resources = GrammarResources(isEnded: { true })
        let error = #expect(throws: GrammarError.self) { try Grammar.jsonSchema(schema, in: AnswerFrame(), resources) }
        #expect(error?.code == .ended)
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
