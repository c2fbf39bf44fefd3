import Foundation
import KongurTesting
import MemoryAccounting
import Testing
import Tokenizers

@testable import Grammars

/// The tokens that may come next, against trying each token byte by byte.
@Suite struct TokenGrammarTests {
    /// Bytes, and tokens across every border of JSON.
    private static let vocabulary: [[UInt8]?] = {
        var tokens: [[UInt8]?] = (0...255).map { [$0] }
        let pieces = [
            "{", "}", "[", "]", "\"", ":", ",", " ", "\n", "  ", "\":", "\": \"", "\",", "\", \"", "\"}", "}]", "],",
            "null", "true",
            "\"a\"", "{\"a\":", "12", "1,", "1]", "0.5", "e5", "ab", "abc", "abcdefghij", "é", "漢", "字\"", "\\", "\\n",
            "\\u", "\\u00",
            "\\\"", "]]", "}}", "\"}}", "[]", "{}", "[[", "\n  ", ": ", ", ", "-", "-1", ".", "x\"", "xy\", \"",
            "<think>", "</think>",
            "</", "think>", ">\n\n", ">{", "\n\n{",
        ]
        tokens += pieces.map { Array($0.utf8) }
        // Half characters, tokens without bytes, and two with the same bytes.
        tokens += [[0xC3], [0xA9, 0x22], [0xE6, 0xBC], [0xF0, 0x9F], nil, [], Array("ab".utf8)]
        return tokens
    }()

    private static let schemas = SchemaTests.cases.map(\.schema)

    private func allowed(_ grammar: TokenGrammar, _ matcher: inout Matcher) -> Set<Int> {
        var mask: [UInt64] = []
        grammar.allowedTokens(&matcher, into: &mask)
        return Self.ids(of: mask)
    }

    private static func ids(of mask: [UInt64]) -> Set<Int> {
        Set((0..<mask.count * 64).filter { mask[$0 >> 6] >> UInt64($0 & 63) & 1 == 1 })
    }

    private func tried(_ matcher: Matcher) -> Set<Int> {
        Set(
            Self.vocabulary.indices.filter { id in
                guard let bytes = Self.vocabulary[id], !bytes.isEmpty else { return false }
                var copy = matcher
                return copy.advance(bytes)
            }
        )
    }

    @Test(arguments: schemas) func areThoseThatCanBeTried(_ schema: String) async throws {
        let tokens = TokenGrammar(vocabularySize: Self.vocabulary.count) { Self.vocabulary[$0] }
        var random = SeededGenerator(UInt64(schema.utf8.count))
        let value = try JSONValue(parsing: schema)
        let end = Automaton.through("</think>")
        for thinking in [.none, .possible(opening: "<think>", end: end)] as [AnswerFrame.Thinking] {
            let grammar = try Grammar.jsonSchema(value, in: AnswerFrame(thinking: thinking))
            for _ in 0..<3 {
                await Task.yield()
                var matcher = Matcher(grammar)
                for _ in 0..<30 {
                    let found = allowed(tokens, &matcher)
                    #expect(found == tried(matcher))
                    #expect(!found.isEmpty || matcher.mayEnd)
                    #expect(found.isEmpty == matcher.mustEnd)
                    guard let id = found.sorted().randomElement(using: &random), let bytes = Self.vocabulary[id] else {
                        break
                    }
                    try matcher.follow(bytes)
                }
            }
        }
    }

    /// Masks that are worked out in small pieces, as between two steps of an engine, are those that are worked out at once.
    @Test(arguments: schemas) func piecesAddUpToTheWhole(_ schema: String) async throws {
        let tokens = TokenGrammar(vocabularySize: Self.vocabulary.count) { Self.vocabulary[$0] }
        var matcher = Matcher(try Grammar.jsonSchema(JSONValue(parsing: schema)))
        var random = SeededGenerator(UInt64(schema.utf8.count))
        for _ in 0..<30 {
            await Task.yield()
            let whole = allowed(tokens, &matcher)
            var (mask, done, calls) = ([UInt64](), 0, 0)
            while true {
                // Pieces that are broken off change nothing; sooner or later they get the time that they take.
                var meter = WorkMeter(left: 1, pieceLimit: 10 << min(calls, 20))
                calls += 1
                if tokens.allowedTokens(&matcher, into: &mask, done: &done, &meter) { break }
                try #require(!meter.isHopeless && calls < 10_000)
            }
            let pieced = Self.ids(of: mask)
            #expect(pieced == whole)
            guard let id = whole.sorted().randomElement(using: &random), let bytes = Self.vocabulary[id] else { break }
            var other = matcher
            for byte in bytes {
                var meter = WorkMeter(left: 1, pieceLimit: 1)
                if other.advance(byte, &meter) == nil {
                    meter = WorkMeter(left: 1, pieceLimit: 1_000_000)
                    let hasMoved = other.advance(byte, &meter)
                    #expect(hasMoved == true)
                }
            }
            try matcher.follow(bytes)
            let (one, two) = (allowed(tokens, &other), allowed(tokens, &matcher))
            #expect(one == two)
        }
    }

    @Test func whatIsKeptMakesRoomForOthers() throws {
        let ledger = MemoryLedger(byteCount: 4 << 20)
        let tokens = TokenGrammar(vocabularySize: 100_000, memory: ledger) { Array("abcdefgh\($0)".utf8) }
        var matcher = Matcher(try Grammar.jsonSchema(["type": "string", "minLength": 3]))
        try matcher.follow("\"")
        let before = allowed(tokens, &matcher).count
        #expect(ledger.drawn(for: .grammars) > 0)
        let other = try #require(ledger.lease(5 << 19, for: .bodies))
        #expect(ledger.drawn == other.byteCount)
        let after = allowed(tokens, &matcher).count
        #expect(before == 100_000 && after == 100_000)
    }

    @Test func whatIsKeptIsBounded() throws {
        // Every state is large enough to be kept, and only one fits.
        let tokens = TokenGrammar(vocabularySize: 60_000, cacheSize: 3_000_000) { Array("abcdefgh\($0)".utf8) }
        var matcher = Matcher(try Grammar.jsonSchema(["type": "string", "minLength": 3]))
        try matcher.follow("\"")
        let reference = allowed(tokens, &matcher).count
        #expect(reference == 60_000)
        for _ in 0..<5 {
            var other = Matcher(try Grammar.jsonSchema(["type": "string", "pattern": "^a[^-]*$"]))
            try other.follow("\"")
            let counts = [allowed(tokens, &other).count, allowed(tokens, &matcher).count]
            #expect(counts == [60_000, reference])
        }
    }
}
