/// Byte-level byte pair encoding: a word's bytes become tokens by merging neighbours, the best rank first.
///
/// Sennrich et al. 2016, over bytes as in GPT-2. A short word scans for its best pair; a long one keeps the pairs in a
/// heap, so that a word of n bytes costs O(n log n) whatever it holds.
struct BytePairEncoding: Sendable {
    var vocabulary: Vocabulary
    var merges: MergeTable
    /// A word that is itself a token becomes that token, without merging (as Llama 3 has it).
    var ignoresMerges = false
    /// What a byte without a token becomes; nil drops it.
    var unknownID: Int?
    /// Whether neighbouring unknown bytes become one unknown token.
    var fusesUnknown = false

    private let byteIDs: [Int32]
    private static let longestScanned = 40

    init(vocabulary: Vocabulary, merges: MergeTable) {
        self.vocabulary = vocabulary
        self.merges = merges
        byteIDs = (UInt8.min...UInt8.max).map { byte in
            withUnsafePointer(to: byte) { pointer in
                Int32(truncatingIfNeeded: vocabulary.id(of: UnsafeBufferPointer(start: pointer, count: 1)) ?? -1)
            }
        }
    }

    /// Memory that one `encode` call reuses from word to word.
    struct Scratch {
        fileprivate var tokens: [Int32] = []
        fileprivate var pairs: [MergeTable.Merge] = []
        fileprivate var next: [Int32] = []
        fileprivate var previous: [Int32] = []
        fileprivate var heap = MinHeap()
    }

    /// Appends the tokens of one word.
    func encode(_ word: UnsafeBufferPointer<UInt8>, scratch: inout Scratch, into output: inout [Int]) {
        if ignoresMerges, let id = vocabulary.id(of: word) {
            output.append(id)
            return
        }
        scratch.tokens.removeAll(keepingCapacity: true)
        for byte in word {
            let id = byteIDs[Int(byte)]
            if id >= 0 {
                scratch.tokens.append(id)
            } else if let unknownID {
                let unknown = Int32(truncatingIfNeeded: unknownID)
                if !fusesUnknown || scratch.tokens.last != unknown { scratch.tokens.append(unknown) }
            }
        }
        if scratch.tokens.count <= Self.longestScanned { mergeByScanning(&scratch) } else { mergeByHeap(&scratch) }
        for token in scratch.tokens { output.append(Int(token)) }
    }

    private func mergeByScanning(_ scratch: inout Scratch) {
        var count = scratch.tokens.count
        guard count > 1 else { return }
        if scratch.pairs.count < Self.longestScanned {
            scratch.pairs = [MergeTable.Merge](repeating: MergeTable.none, count: Self.longestScanned)
        }
        scratch.tokens.withUnsafeMutableBufferPointer { tokens in
            scratch.pairs.withUnsafeMutableBufferPointer { pairs in
                for index in 0..<count - 1 { pairs[index] = merges.merge(tokens[index], tokens[index + 1]) }
                while count > 1 {
                    var best = 0
                    for index in 1..<max(1, count - 1) where pairs[index] < pairs[best] { best = index }
                    let merge = pairs[best]
                    guard merge != MergeTable.none else { break }
                    tokens[best] = Int32(truncatingIfNeeded: merge & 0xFFFF_FFFF)
                    count -= 1
                    for index in best + 1..<max(best + 1, count) {
                        tokens[index] = tokens[index + 1]
                        pairs[index - 1] = pairs[index]
                    }
                    if best > 0 { pairs[best - 1] = merges.merge(tokens[best - 1], tokens[best]) }
                    if best < count - 1 { pairs[best] = merges.merge(tokens[best], tokens[best + 1]) }
                }
            }
        }
        scratch.tokens.removeSubrange(count...)
    }

    private func mergeByHeap(_ scratch: inout Scratch) {
        let count = scratch.tokens.count
        scratch.pairs = [MergeTable.Merge](repeating: MergeTable.none, count: count)
        scratch.next = (0..<count).map { Int32(truncatingIfNeeded: $0 + 1 < count ? $0 + 1 : -1) }
        scratch.previous = (0..<count).map { Int32(truncatingIfNeeded: $0 - 1) }
        scratch.heap.removeAll()

        func refresh(_ index: Int, _ scratch: inout Scratch) {
            let next = Int(scratch.next[index])
            let merge = next < 0 ? MergeTable.none : merges.merge(scratch.tokens[index], scratch.tokens[next])
            scratch.pairs[index] = merge
            // Rank above position: of equal ranks the leftmost is merged first.
            if merge != MergeTable.none { scratch.heap.push(merge & ~0xFFFF_FFFF | UInt64(index)) }
        }
        for index in 0..<count { refresh(index, &scratch) }
        while let top = scratch.heap.pop() {
            let index = Int(top & 0xFFFF_FFFF)
            let merge = scratch.pairs[index]
            // An entry whose pair has since changed or gone is stale; the change pushed its own entry.
            guard merge != MergeTable.none, merge >> 32 == top >> 32 else { continue }
            let right = Int(scratch.next[index])
            let after = scratch.next[right]
            scratch.tokens[index] = Int32(truncatingIfNeeded: merge & 0xFFFF_FFFF)
            scratch.tokens[right] = -1
            scratch.pairs[right] = MergeTable.none
            scratch.next[index] = after
            if after >= 0 { scratch.previous[Int(after)] = Int32(truncatingIfNeeded: index) }
            refresh(index, &scratch)
            let before = Int(scratch.previous[index])
            if before >= 0 { refresh(before, &scratch) }
        }
        scratch.tokens.removeAll { $0 < 0 }
    }
}

/// A binary heap with the smallest value on top.
private struct MinHeap {
    private var values: [UInt64] = []

    mutating func removeAll() { values.removeAll(keepingCapacity: true) }

    mutating func push(_ value: UInt64) {
        values.append(value)
        var index = values.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard values[parent] > value else { break }
            values[index] = values[parent]
            index = parent
        }
        values[index] = value
    }

    mutating func pop() -> UInt64? {
        guard let top = values.first, let last = values.popLast() else { return nil }
        guard !values.isEmpty else { return top }
        values.withUnsafeMutableBufferPointer { values in
            // The smaller child moves up without asking whether `last` would fit there: it seldom does before the bottom,
            // from where it is then moved up again.
            var index = 0
            while 2 * index + 2 < values.count {
                let left = 2 * index + 1
                let child = left + (values[left + 1] < values[left] ? 1 : 0)
                values[index] = values[child]
                index = child
            }
            if 2 * index + 1 < values.count {
                values[index] = values[2 * index + 1]
                index = 2 * index + 1
            }
            while index > 0 {
                let parent = (index - 1) / 2
                guard values[parent] > last else { break }
                values[index] = values[parent]
                index = parent
            }
            values[index] = last
        }
        return top
    }
}
