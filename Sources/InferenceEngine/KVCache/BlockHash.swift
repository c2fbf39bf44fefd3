/// Identifies a full block by its tokens and by everything before it: each hash goes into the next.
///
/// `Hasher` is keyed at random in each process, so nobody outside can construct two prompts with one hash.
struct BlockHash: Hashable {
    private let value: Int

    /// The start of every chain with this salt.
    static func root(salt: String?) -> BlockHash {
        var hasher = Hasher()
        hasher.combine(salt)
        return BlockHash(value: hasher.finalize())
    }

    /// The hash of the block that holds `tokens` and follows this one.
    func next(_ tokens: ArraySlice<Int32>) -> BlockHash {
        var hasher = Hasher()
        hasher.combine(value)
        tokens.withUnsafeBytes { hasher.combine(bytes: $0) }
        return BlockHash(value: hasher.finalize())
    }
}
