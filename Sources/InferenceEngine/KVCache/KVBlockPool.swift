/// Hands out the blocks of the key/value cache and takes them back.
///
/// A block may be held by several tables when their sequences begin alike; it is free when none holds it. Free blocks
/// with known contents are kept until the room is needed, least recently used first.
struct KVBlockPool: ~Copyable {
    private let blockSize: Int
    private var holders: [Int32]
    private var free: FreeBlockList
    private var cache: PrefixCache?

    init(blockCount: Int, blockSize: Int, prefixCaching: Bool) {
        self.blockSize = blockSize
        holders = Array(repeating: 0, count: blockCount)
        free = FreeBlockList(blockCount: blockCount)
        cache = prefixCaching ? PrefixCache(blockCount: blockCount) : nil
    }

    var blockCount: Int { holders.count }
    var freeCount: Int { free.count }

    /// How many tables hold a block.
    func holderCount(_ block: Int32) -> Int { Int(holders[Int(block)]) }

    /// Adds `count` unused blocks to the table, or none when there are too few.
    mutating func allocate(_ count: Int, to table: inout BlockTable) -> Bool {
        guard count <= free.count else { return false }
        for _ in 0..<count {
            guard let block = free.takeFirst() else { preconditionFailure("fewer free blocks than counted") }
            cache?.evict(block)
            holders[Int(block)] = 1
            table.append(block)
        }
        return true
    }

    /// Takes back what a table holds.
    ///
    /// The end of a sequence is forgotten before its beginning, which others are more likely to share.
    mutating func release(_ table: consuming BlockTable) {
        for block in table.removeAll().reversed() { release(block) }
    }

    /// Takes back the last blocks of a table that holds more than `count`.
    mutating func trim(_ table: inout BlockTable, to count: Int) {
        while table.count > count { release(table.removeLast()) }
    }

    private mutating func release(_ block: Int32) {
        precondition(holders[Int(block)] > 0, "block \(block) is free already")
        holders[Int(block)] -= 1
        guard holders[Int(block)] == 0 else { return }
        if cache?.contains(block) == true { free.append(block) } else { free.prepend(block) }
    }

    /// The cached blocks that hold the beginning of `tokens`, never the last token: it must be computed to go on.
    func cachedBlocks(_ tokens: [Int32], salt: String?) -> [Int32] {
        guard let cache else { return [] }
        var found: [Int32] = []
        var parent = BlockHash.root(salt: salt)
        while (found.count + 1) * blockSize < tokens.count {
            let content = tokens[found.count * blockSize..<(found.count + 1) * blockSize]
            let hash = parent.next(content)
            guard let block = cache.block(hash, after: parent, tokens: content) else { break }
            found.append(block)
            parent = hash
        }
        return found
    }

    /// How many of these blocks no table holds, so that sharing them makes fewer blocks free.
    func freeCount(among blocks: [Int32]) -> Int {
        blocks.count { holders[Int($0)] == 0 }
    }

    /// Adds cached blocks to a table.
    mutating func share(_ blocks: [Int32], with table: inout BlockTable) {
        for block in blocks {
            if holders[Int(block)] == 0 { free.remove(block) }
            holders[Int(block)] += 1
            table.append(block)
        }
    }

    /// Remembers what a computed block holds, so that later sequences find it.
    mutating func remember(_ block: Int32, _ hash: BlockHash, after parent: BlockHash, tokens: ArraySlice<Int32>) {
        cache?.insert(block, hash, after: parent, tokens: tokens)
    }
}
