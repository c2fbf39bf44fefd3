/// Finds where a sequence has said before what it says at its end.
///
/// As compressors of the LZ77 family do it: for each pair of tokens the place where it ended last, and for each place the
/// one before it with the same pair. A token costs O(1) to read and about 30 bytes; a look-up compares a bounded number
/// of places.
struct NGramIndex {
    /// An earlier passage that ends like the sequence.
    struct Match: Hashable {
        /// The place after the passage.
        var next: Int
        /// Tokens that agree, at least 2, counted up to `longest`.
        var agreement: Int
    }

    /// Passages that agree in more tokens are not told apart.
    static let longest = 8
    private static let placesToCompare = 32

    private var latest: [UInt64: Int32] = [:]
    /// For each token that was read; -1 where there is none.
    private var previous: [Int32] = []

    /// Reads what has been added since the last call.
    mutating func read(_ tokens: [Int32]) {
        for place in previous.count..<max(previous.count, tokens.count) {
            guard place > 0 else {
                previous.append(-1)
                continue
            }
            let pair =
                UInt64(UInt32(bitPattern: tokens[place - 1])) << 32 | UInt64(UInt32(bitPattern: tokens[place]))
            previous.append(latest.updateValue(Int32(place), forKey: pair) ?? -1)
        }
    }

    /// The passage that agrees in the most tokens, the latest among equals; all of `tokens` must have been read.
    func match(_ tokens: [Int32]) -> Match? {
        precondition(previous.count == tokens.count, "the index has read another number of tokens")
        guard var place = previous.last.map(Int.init) else { return nil }
        let end = tokens.count - 1
        var best: Match?
        for _ in 0..<Self.placesToCompare where place >= 0 {
            var agreement = 2
            while agreement < Self.longest, agreement <= place, tokens[place - agreement] == tokens[end - agreement] {
                agreement += 1
            }
            if agreement > best?.agreement ?? 0 { best = Match(next: place + 1, agreement: agreement) }
            if agreement == Self.longest { break }
            place = Int(previous[place])
        }
        return best
    }
}
