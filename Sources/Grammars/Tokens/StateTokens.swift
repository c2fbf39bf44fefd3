/// Which tokens may come in a state of an automaton, as far as the automaton alone can tell.
final class StateTokens: Sendable {
    /// A token that ends inside the word, or with it.
    private struct Token {
        var id: Int32
        /// How many of the automaton's edges count on the way.
        var count: UInt16
        var accepts: Bool
    }

    /// A node of the trie at which the word may end while tokens go on.
    struct Exit {
        var node: Int32
        var count: Int32
    }

    /// All tokens, as bits.
    private let words: [UInt64]
    /// All tokens by their counts; empty for an automaton that does not count.
    private let tokens: [Token]
    let exits: [Exit]
    private let largestCount: Int
    /// How many nodes of the trie it took to find out.
    let work: Int

    /// Nil when more than `limit` nodes of the trie would have to be looked at.
    init?(_ trie: TokenTrie, _ automaton: Automaton, _ state: Int, wordCount: Int, limit: Int) {
        var tokens: [Token] = []
        var exits: [Exit] = []
        var words = [UInt64](repeating: 0, count: wordCount)
        var largestCount = 0
        work = trie.walk(from: 0, automaton, state, limit: limit) { node, state, count in
            let accepts = automaton.accepts(state)
            for token in trie.tokens(at: node) {
                words[Int(token >> 6)] |= 1 << UInt64(token & 63)
                tokens.append(Token(id: token, count: UInt16(clamping: count), accepts: accepts))
                largestCount = max(largestCount, count)
            }
            if accepts, trie.hasChildren(node) { exits.append(Exit(node: Int32(node), count: Int32(count))) }
            return true
        }
        guard work <= limit else { return nil }
        self.words = words
        self.exits = exits
        self.largestCount = largestCount
        if automaton.counts { tokens.sort { $0.count < $1.count } }
        self.tokens = automaton.counts ? tokens : []
    }

    /// About how much memory this takes, in bytes.
    var size: Int { words.count * 8 + tokens.count * 8 + exits.count * 8 + 64 }

    /// Adds the tokens with which the count stays at most `most`, and with which a word that ends has at least `least`.
    func add(to mask: inout [UInt64], least: Int, most: Int) {
        if least <= 0, most >= largestCount {
            for index in words.indices { mask[index] |= words[index] }
            return
        }
        for token in tokens {
            if Int(token.count) > most { return }
            if token.accepts, Int(token.count) < least { continue }
            mask[Int(token.id >> 6)] |= 1 << UInt64(token.id & 63)
        }
    }
}
