import Testing

@testable import Tokenizers

struct StreamingDetokenizerTests {
    @Test("a character is given when its last byte arrives, not before")
    func characters() throws {
        var stream = StreamingDetokenizer(tokenizer: try TinyTokenizer.make())
        let pieces = Array("a€👍".utf8).map { stream.append(Int($0)) }
        #expect(pieces == ["a", "", "", "€", "", "", "", "👍"])
        #expect(stream.finish() == "")
    }

    @Test("a broken end becomes U+FFFD")
    func brokenEnd() throws {
        var stream = StreamingDetokenizer(tokenizer: try TinyTokenizer.make())
        #expect(stream.append(0xF0) == "")
        #expect(stream.append(0x9F) == "")
        #expect(stream.finish() == "\u{FFFD}")
        #expect(stream.finish() == "")
    }

    @Test("special tokens are left out unless they are wanted")
    func special() throws {
        let tokenizer = try TinyTokenizer.make()
        var skipping = StreamingDetokenizer(tokenizer: tokenizer)
        #expect(skipping.append(260) == "")
        var keeping = StreamingDetokenizer(tokenizer: tokenizer, skipSpecial: false)
        #expect(keeping.append(260) == "<|end|>")
    }

    @Test("any bytes, one at a time, give what decoding them at once gives")
    func equalsDecode() throws {
        let tokenizer = try TinyTokenizer.make()
        var state: UInt64 = 3
        let interesting: [Int] = [
            0x41, 0x80, 0xBF, 0xC2, 0xE0, 0xA0, 0xED, 0x9F, 0xF0, 0x90, 0xF4, 0x8F, 0xFF, 0xC0, 0xE2, 0x82,
        ]
        for _ in 0..<2000 {
            let ids = (0..<9).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return interesting[Int(state >> 40) % interesting.count]
            }
            var stream = StreamingDetokenizer(tokenizer: tokenizer)
            let streamed = ids.map { stream.append($0) }.joined() + stream.finish()
            #expect(Array(streamed.utf8) == Array(tokenizer.decode(ids).utf8), "\(ids)")
        }
    }
}
