/// Which full blocks hold which tokens, so that a prompt that begins like an earlier one need not be computed.
///
/// A hit needs the same hash, the same hash before it, and the same tokens: equal hashes alone are not trusted.
struct PrefixCache {
    private struct Entry {
        var hash: BlockHash
        var parent: BlockHash
        var tokens: [Int32]
    }

    private var blocks: [BlockHash: Int32] = [:]
    private var entries: [Entry?]

    init(blockCount: Int) {
        entries = Array(repeating: nil, count: blockCount)
    }

    /// The block with these tokens after `parent`.
    func block(_ hash: BlockHash, after parent: BlockHash, tokens: ArraySlice<Int32>) -> Int32? {
        guard let block = blocks[hash], let entry = entries[Int(block)], entry.parent == parent,
            entry.tokens[...] == tokens
        else { return nil }
        return block
    }

    func contains(_ block: Int32) -> Bool {
        entries[Int(block)] != nil
    }

    /// Remembers a computed block, unless another one has the same hash or the block is known.
    mutating func insert(_ block: Int32, _ hash: BlockHash, after parent: BlockHash, tokens: ArraySlice<Int32>) {
        guard blocks[hash] == nil, entries[Int(block)] == nil else { return }
        blocks[hash] = block
        entries[Int(block)] = Entry(hash: hash, parent: parent, tokens: Array(tokens))
    }

    /// Forgets a block that is about to be overwritten.
    mutating func evict(_ block: Int32) {
        guard let entry = entries[Int(block)] else { return }
        blocks[entry.hash] = nil
        entries[Int(block)] = nil
    }
}
