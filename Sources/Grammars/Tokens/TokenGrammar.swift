import Synchronization

/// A vocabulary as grammars see it: says which tokens may come at a place of an answer.
///
/// Made once for each tokenizer, in about 0.3 s for 150,000 tokens, and shared by all requests. What costs much to find
/// out, such as the tokens that may come inside a string, depends on the automaton and its state alone, and is kept, up to
/// `cacheSize` bytes; what follows the end of a word is worked out each time.
package final class TokenGrammar: Sendable {
    /// One for each 64 tokens.
    package let wordCount: Int
    private let trie: TokenTrie
    private let cacheSize: Int
    private let cache = Mutex(Cache())

    /// `bytes` gives the bytes of each token, nil for those that must never be in an answer.
    package init(vocabularySize: Int, cacheSize: Int = 32 << 20, bytes: (Int) -> [UInt8]?) {
        wordCount = (vocabularySize + 63) / 64
        trie = TokenTrie(count: vocabularySize, bytes: bytes)
        self.cacheSize = cacheSize
    }

    /// Makes `mask` the tokens whose bytes may come next: bit `id % 64` of word `id / 64`.
    package func allowedTokens(_ matcher: inout Matcher, into mask: inout [UInt64]) {
        mask.removeAll(keepingCapacity: true)
        mask.append(contentsOf: repeatElement(0, count: wordCount))
        matcher.exploring { matcher in
            var walk = TokenWalk(trie: trie)
            for reading in matcher.readings {
                let (automaton, least, most, _) = matcher.word(reading)
                let tokens = tokens(automaton, Int(reading.state))
                let (fewest, more) = TokenWalk.left(least, most, reading)
                tokens.add(to: &mask, least: fewest, most: more)
                let exits = tokens.exits.lazy.filter { Int($0.count) >= fewest && Int($0.count) <= more }
                guard !exits.isEmpty else { continue }
                for next in walk.behind(reading, &matcher) {
                    for exit in exits { walk.descend(Int(exit.node), next, &matcher, &mask) }
                }
            }
        }
    }

    // MARK: What is kept

    private struct Key: Hashable {
        var automaton: ObjectIdentifier
        var state: Int
    }

    private struct Entry {
        /// Held, so that its identity is not another's.
        var automaton: Automaton
        var tokens: StateTokens
        var used: Int
    }

    private struct Cache {
        var entries: [Key: Entry] = [:]
        var size = 0
        var clock = 0
    }

    /// What took fewer steps than this to find out is not worth keeping.
    private static let leastWork = 2_000

    private func tokens(_ automaton: Automaton, _ state: Int) -> StateTokens {
        let key = Key(automaton: ObjectIdentifier(automaton), state: state)
        let known = cache.withLock { cache -> StateTokens? in
            cache.clock += 1
            cache.entries[key]?.used = cache.clock
            return cache.entries[key]?.tokens
        }
        if let known { return known }
        let tokens = StateTokens(trie, automaton, state, wordCount: wordCount)
        guard tokens.work >= Self.leastWork else { return tokens }
        cache.withLock { cache in
            if cache.entries.updateValue(Entry(automaton: automaton, tokens: tokens, used: cache.clock), forKey: key)
                == nil
            {
                cache.size += tokens.size
            }
            if cache.size > cacheSize { evict(&cache) }
        }
        return tokens
    }

    /// Forgets what was not used for longest, down to half of the limit.
    private func evict(_ cache: inout Cache) {
        for (key, entry) in cache.entries.sorted(by: { $0.value.used < $1.value.used }) where cache.size > cacheSize / 2
        {
            cache.size -= entry.tokens.size
            cache.entries[key] = nil
        }
    }
}

/// Finds the tokens that go on behind the end of a word.
private struct TokenWalk {
    let trie: TokenTrie
    private var known: [Place: [Matcher.Reading]] = [:]

    private struct Place: Hashable {
        var node: Int32
        var stack: Int32
    }

    init(trie: TokenTrie) {
        self.trie = trie
    }

    /// How much a word's count may still grow, at least and at most.
    static func left(_ least: Int, _ most: Int, _ reading: Matcher.Reading) -> (Int, Int) {
        (max(0, least - Int(reading.count)), most == .max ? .max : most - Int(reading.count))
    }

    /// The words that may begin behind the one of a reading.
    mutating func behind(_ reading: Matcher.Reading, _ matcher: inout Matcher) -> [Matcher.Reading] {
        let place = Place(node: reading.node, stack: reading.stack)
        if let readings = known[place] { return readings }
        let readings = matcher.leave(reading).readings
        known[place] = readings
        return readings
    }

    /// Adds the tokens below a node of the trie that go on with a reading.
    mutating func descend(_ node: Int, _ reading: Matcher.Reading, _ matcher: inout Matcher, _ mask: inout [UInt64]) {
        let (automaton, least, most, _) = matcher.word(reading)
        let (fewest, more) = Self.left(least, most, reading)
        var exits: [Int] = []
        trie.walk(from: node, automaton, Int(reading.state)) { node, state, count in
            guard count <= more else { return false }
            let accepts = automaton.accepts(state)
            if accepts, count < fewest { return false }
            for token in trie.tokens(at: node) { mask[Int(token >> 6)] |= 1 << UInt64(token & 63) }
            if accepts, trie.hasChildren(node) { exits.append(node) }
            return true
        }
        guard !exits.isEmpty else { return }
        for next in behind(reading, &matcher) {
            for exit in exits { descend(exit, next, &matcher, &mask) }
        }
    }
}
