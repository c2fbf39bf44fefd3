package import MemoryAccounting
import Synchronization

/// A vocabulary as grammars see it: says which tokens may come at a place of an answer.
///
/// Made once for each tokenizer, in about 0.3 s for 150,000 tokens, and shared by all requests. What costs much to find
/// out, such as the tokens that may come inside a string, depends on the automaton and its state alone, and is kept, up to
/// `cacheSize` bytes and as far as the ledger has room; what follows the end of a word is worked out each time.
package final class TokenGrammar: Sendable {
    /// One for each 64 tokens.
    package let wordCount: Int
    private let trie: TokenTrie
    private let cacheSize: Int
    private let cache = Mutex(Cache())
    private let lease: MemoryLease?

    /// `bytes` gives the bytes of each token, nil for those that must never be in an answer.
    ///
    /// What is kept is drawn from `memory`, where there is one.
    package init(
        vocabularySize: Int,
        cacheSize: Int = 32 << 20,
        memory: MemoryLedger? = nil,
        bytes: (Int) -> [UInt8]?
    ) {
        wordCount = (vocabularySize + 63) / 64
        trie = TokenTrie(count: vocabularySize, bytes: bytes)
        self.cacheSize = cacheSize
        lease = memory?.lease(for: .grammars)
        memory?.addCache { [weak self] in self?.release($0) }
    }

    /// About how much memory this takes besides what it keeps, in bytes.
    package var size: Int { trie.size }

    /// Makes `mask` the tokens whose bytes may come next: bit `id % 64` of word `id / 64`.
    package func allowedTokens(_ matcher: inout Matcher, into mask: inout [UInt64]) {
        var (meter, done) = (WorkMeter.unlimited, 0)
        _ = allowedTokens(&matcher, into: &mask, done: &done, &meter)
    }

    /// The same, a piece of work for each reading; returns true when `mask` is complete.
    ///
    /// `done` is how many of the readings are, 0 for the first call. When this returns false, call it again, with the same
    /// arguments and more work on the meter.
    package func allowedTokens(
        _ matcher: inout Matcher,
        into mask: inout [UInt64],
        done: inout Int,
        _ meter: inout WorkMeter
    ) -> Bool {
        if done == 0 {
            mask.removeAll(keepingCapacity: true)
            mask.append(contentsOf: repeatElement(0, count: wordCount))
        }
        return matcher.exploring { matcher in
            var walk = TokenWalk(trie: trie)
            while done < matcher.readings.count {
                guard !meter.isSpent, add(matcher.readings[done], &matcher, &walk, to: &mask, &meter) else {
                    return false
                }
                done += 1
            }
            return true
        }
    }

    /// Adds the tokens that may come in one reading; false when the piece of work was broken off.
    private func add(
        _ reading: Matcher.Reading,
        _ matcher: inout Matcher,
        _ walk: inout TokenWalk,
        to mask: inout [UInt64],
        _ meter: inout WorkMeter
    ) -> Bool {
        meter.beginPiece()
        let (automaton, least, most, _) = matcher.word(reading)
        guard let tokens = tokens(automaton, Int(reading.state), &meter) else { return false }
        // What is kept must not decide whether an answer can be followed.
        meter.beginPiece()
        let (fewest, more) = TokenWalk.left(least, most, reading)
        tokens.add(to: &mask, least: fewest, most: more)
        let exits = tokens.exits.lazy.filter { Int($0.count) >= fewest && Int($0.count) <= more }
        guard !exits.isEmpty else { return true }
        guard let behind = walk.behind(reading, &matcher, &meter) else { return false }
        for next in behind {
            for exit in exits {
                guard walk.descend(Int(exit.node), next, &matcher, &mask, &meter) else { return false }
            }
        }
        return true
    }

    // MARK: What is kept

    private struct Key: Hashable {
        var automaton: UInt64
        var state: Int
    }

    private struct Entry {
        var tokens: StateTokens
        var size: Int
        var used: Int
    }

    private struct Cache {
        var entries: [Key: Entry] = [:]
        var size = 0
        var clock = 0

        /// Forgets what was not used for longest, at least so many bytes where there are so many; returns how many.
        mutating func drop(_ byteCount: Int) -> Int {
            var dropped = 0
            for (key, entry) in entries.sorted(by: { $0.value.used < $1.value.used }) {
                guard dropped < byteCount else { break }
                dropped += entry.size
                entries[key] = nil
            }
            size -= dropped
            return dropped
        }
    }

    /// What took fewer steps than this to find out is not worth keeping.
    private static let leastWork = 2_000

    /// Nil when the piece of work must be broken off.
    private func tokens(_ automaton: Automaton, _ state: Int, _ meter: inout WorkMeter) -> StateTokens? {
        let key = Key(automaton: automaton.id, state: state)
        let known = cache.withLock { cache -> StateTokens? in
            cache.clock += 1
            cache.entries[key]?.used = cache.clock
            return cache.entries[key]?.tokens
        }
        // Adding what is known takes a part of a mask's words.
        if let known { return meter.spend(wordCount / 16) ? known : nil }
        let limit = meter.pieceLeft
        guard let tokens = StateTokens(trie, automaton, state, wordCount: wordCount, limit: limit) else {
            _ = meter.spend(limit + 1)
            return nil
        }
        guard meter.spend(tokens.work) else { return nil }
        if tokens.work >= Self.leastWork { keep(tokens, key) }
        return tokens
    }

    /// Keeps what was found out, where there is room.
    private func keep(_ tokens: StateTokens, _ key: Key) {
        let size = tokens.size
        guard size <= cacheSize, lease?.draw(size) != false else { return }
        let excess = cache.withLock { cache in
            let old = cache.entries.updateValue(Entry(tokens: tokens, size: size, used: cache.clock), forKey: key)
            cache.size += size - (old?.size ?? 0)
            let dropped = cache.size > cacheSize ? cache.drop(cache.size - cacheSize / 2) : 0
            return (old?.size ?? 0) + dropped
        }
        lease?.giveBack(excess)
    }

    /// Forgets about so many bytes.
    private func release(_ byteCount: Int) {
        let dropped = cache.withLock { $0.drop(byteCount) }
        lease?.giveBack(dropped)
    }
}

/// Finds the tokens that go on behind the end of a word.
private struct TokenWalk {
    let trie: TokenTrie
    private var known: [Place: (readings: [Matcher.Reading], work: Int)] = [:]

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

    /// The words that may begin behind the one of a reading; nil when the piece of work must be broken off.
    mutating func behind(
        _ reading: Matcher.Reading,
        _ matcher: inout Matcher,
        _ meter: inout WorkMeter
    ) -> [Matcher.Reading]? {
        let place = Place(node: Int32(matcher.word(reading).next), stack: reading.stack)
        if let (readings, work) = known[place] { return meter.spend(work) ? readings : nil }
        let before = meter.pieceLeft
        guard let readings = matcher.leave(reading, &meter)?.readings else { return nil }
        known[place] = (readings, before - meter.pieceLeft)
        return readings
    }

    /// Adds the tokens below a node of the trie that go on with a reading; false when the piece of work was broken off.
    mutating func descend(
        _ node: Int,
        _ reading: Matcher.Reading,
        _ matcher: inout Matcher,
        _ mask: inout [UInt64],
        _ meter: inout WorkMeter
    ) -> Bool {
        let (automaton, least, most, _) = matcher.word(reading)
        let (fewest, more) = Self.left(least, most, reading)
        var exits: [Int] = []
        let visited = trie.walk(from: node, automaton, Int(reading.state), limit: meter.pieceLeft) {
            node,
            state,
            count in
            guard count <= more else { return false }
            let accepts = automaton.accepts(state)
            if accepts, count < fewest { return false }
            for token in trie.tokens(at: node) { mask[Int(token >> 6)] |= 1 << UInt64(token & 63) }
            if accepts, trie.hasChildren(node) { exits.append(node) }
            return true
        }
        guard meter.spend(visited + 1) else { return false }
        guard !exits.isEmpty else { return true }
        guard let behind = behind(reading, &matcher, &meter) else { return false }
        for next in behind {
            for exit in exits {
                guard descend(exit, next, &matcher, &mask, &meter) else { return false }
            }
        }
        return true
    }
}
