import Testing

@testable import Tokenizers

struct BytePairEncodingTests {
    @Test("a long word is merged as short ones are")
    func longWords() throws {
        let tokenizer = try TinyTokenizer.make()
        // 50 bytes and more take the heap, 40 and fewer the scan; "hello" merges the same way in both.
        #expect(tokenizer.encode(String(repeating: "hello", count: 8)) == [Int](repeating: 259, count: 8))
        #expect(tokenizer.encode(String(repeating: "hello", count: 3000)) == [Int](repeating: 259, count: 3000))
        #expect(tokenizer.encode(String(repeating: "l", count: 101)) == [Int](repeating: 257, count: 50) + [108])
    }

    @Test("a million bytes of one kind end")
    func oneWord() throws {
        let tokenizer = try TinyTokenizer.make()
        #expect(tokenizer.encode(String(repeating: "l", count: 1_000_000)).count == 500_000)
        #expect(tokenizer.encode(String(repeating: " ", count: 1_000_000)).count == 1_000_000)
        #expect(tokenizer.encode(String(repeating: "<", count: 1_000_000)).count == 1_000_000)
        // Each mark is two bytes; the first ones of the right kind join the letter.
        #expect(tokenizer.encode("a" + String(repeating: "\u{301}\u{316}", count: 100_000)).count > 399_000)
    }
}
