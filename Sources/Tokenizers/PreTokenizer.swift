/// Cuts text into the words that byte pair encoding then works on, one at a time.
///
/// The patterns of byte-level tokenizers are recognised by their regular expression and run as scanners over UTF-8:
/// linear time, no backtracking, and every byte belongs to exactly one word.
struct PreTokenizer: Sendable {
    /// Applied in order, each inside the words of the one before.
    var splits: [SplitPattern]
    /// A space is put before a text that does not start with one.
    var addsPrefixSpace = false

    private let characterClass = CharacterClass.Lookup()

    init(splits: [SplitPattern], addsPrefixSpace: Bool = false) {
        self.splits = splits
        self.addsPrefixSpace = addsPrefixSpace
    }

    /// Calls `body` with each word of valid UTF-8, in order.
    func forEachWord(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        forEachWord(text, splits[...], body)
    }

    private func forEachWord(
        _ text: UnsafeBufferPointer<UInt8>,
        _ splits: ArraySlice<SplitPattern>,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard let split = splits.first else {
            if !text.isEmpty { body(text) }
            return
        }
        var start = 0
        while start < text.count {
            let end = split.end(of: start, in: text, characterClass)
            let word = UnsafeBufferPointer(rebasing: text[start..<end])
            if splits.count == 1 { body(word) } else { forEachWord(word, splits.dropFirst(), body) }
            start = end
        }
    }
}
