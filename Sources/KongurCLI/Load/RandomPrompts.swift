import InferenceEngine

/// Prompts of a wanted length that have nothing in common but a beginning, if one is wanted: a cache of prompts finds none.
struct RandomPrompts: Sendable {
    /// Tokens of a server's tokenizer: those around every prompt, and those of a word on average.
    struct TokenCost: Sendable {
        var base: Double
        var word: Double

        /// For a server that counts no tokens.
        static let unknown = TokenCost(base: 0, word: 1)

        /// From two prompts of these lengths in words, and their lengths in tokens.
        init?(short: (words: Int, tokens: Int), long: (words: Int, tokens: Int)) {
            let word = Double(long.tokens - short.tokens) / Double(long.words - short.words)
            guard word > 0 else { return nil }
            self.word = word
            base = Double(short.tokens) - word * Double(short.words)
        }

        private init(base: Double, word: Double) {
            self.base = base
            self.word = word
        }

        func words(_ tokens: Int) -> Int { max(1, Int(((Double(tokens) - base) / word).rounded())) }
    }

    var cost: TokenCost
    /// Of the whole prompt, the shared beginning included.
    var tokens: Int
    var sharedTokens: Int
    var seed: UInt64

    /// The prompt of a request by its number.
    func prompt(_ number: Int) -> String {
        let count = cost.words(tokens)
        let shared = sharedTokens == 0 ? 0 : min(count, cost.words(sharedTokens))
        return (Self.words(shared, seed: seed) + Self.words(count - shared, seed: seed &+ UInt64(number) &+ 1))
            .joined(separator: " ")
    }

    private static func words(_ count: Int, seed: UInt64) -> [String] {
        let random = RandomSource(seed: seed)
        return (0..<count).map { vocabulary[Int(random.uniform(at: $0) * Double(vocabulary.count))] }
    }

    /// Short common words, which most vocabularies have as one token.
    static let vocabulary = """
        the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you \
        were all her she there would their we him been has when who will no more if out so up said what its about than into \
        them can only other time new some could these two may first then do any like my now over such our man me even most \
        made after also did many off before must well back through years much where your way down should because long each \
        just state those people too mr how little good world make very year still see own work men day get here old life both
        """.split { $0 == " " || $0 == "\n" }.map(String.init)
}
