import Testing

@testable import InferenceEngine

@Suite struct KVBlockPoolTests {
    /// Remembers the first blocks of a table as holding `tokens`.
    private func remember(_ table: borrowing BlockTable, _ tokens: [Int32], _ pool: inout KVBlockPool) {
        var parent = BlockHash.root(salt: nil)
        for index in 0..<tokens.count / 2 {
            let content = tokens[index * 2..<index * 2 + 2]
            let hash = parent.next(content)
            pool.remember(table.blocks[index], hash, after: parent, tokens: content)
            parent = hash
        }
    }

    private func cached(_ tokens: [Int32], _ pool: borrowing KVBlockPool) -> [Int32] {
        pool.cachedBlocks(tokens, salt: nil)
    }

    private func isShared(_ blocks: [Int32], _ pool: borrowing KVBlockPool) -> Bool {
        for block in blocks where pool.holderCount(block) != 2 { return false }
        return true
    }

    @Test func takesNothingWhenThereIsTooLittle() {
        var pool = KVBlockPool(blockCount: 3, blockSize: 2, prefixCaching: true)
        var table = BlockTable()
        let tooMany = pool.allocate(4, to: &table)
        #expect(!tooMany)
        #expect(pool.freeCount == 3)
        let all = pool.allocate(3, to: &table)
        #expect(all)
        #expect(Set(table.blocks) == [0, 1, 2])
        pool.release(table)
        #expect(pool.freeCount == 3)
    }

    @Test func sharedBlocksAreFreeWhenTheLastHolderLetsGo() {
        var pool = KVBlockPool(blockCount: 4, blockSize: 2, prefixCaching: true)
        var first = BlockTable()
        _ = pool.allocate(2, to: &first)
        remember(first, [1, 2, 3, 4], &pool)
        var second = BlockTable()
        let cached = pool.cachedBlocks([1, 2, 3, 4, 5], salt: nil)
        #expect(cached == first.blocks)
        let free = pool.freeCount(among: cached)
        #expect(free == 0)
        pool.share(cached, with: &second)
        let shared = isShared(cached, pool)
        #expect(shared)
        pool.release(first)
        #expect(pool.freeCount == 2)
        pool.release(second)
        #expect(pool.freeCount == 4)
        let again = self.cached([1, 2, 3, 4, 5], pool)
        #expect(again == cached)
    }

    @Test func leastRecentlyUsedContentsGoFirstAndEndsBeforeBeginnings() {
        var pool = KVBlockPool(blockCount: 4, blockSize: 2, prefixCaching: true)
        var old = BlockTable()
        _ = pool.allocate(2, to: &old)
        remember(old, [1, 2, 3, 4], &pool)
        pool.release(old)
        var new = BlockTable()
        _ = pool.allocate(2, to: &new)
        remember(new, [5, 6, 7, 8], &pool)
        pool.release(new)
        var taker = BlockTable()
        _ = pool.allocate(1, to: &taker)
        #expect(cached([1, 2, 3, 4, 9], pool).count == 1)
        _ = pool.allocate(1, to: &taker)
        #expect(cached([1, 2, 3, 4, 9], pool).isEmpty)
        #expect(cached([5, 6, 7, 8, 9], pool).count == 2)
        pool.release(taker)
    }

    @Test func equalHashesWithOtherTokensAreNoHit() {
        var cache = PrefixCache(blockCount: 2)
        let root = BlockHash.root(salt: nil)
        let tokens: [Int32] = [1, 2, 3, 4]
        let hash = root.next(tokens[0..<2])
        cache.insert(0, hash, after: root, tokens: tokens[0..<2])
        #expect(cache.block(hash, after: root, tokens: tokens[0..<2]) == 0)
        #expect(cache.block(hash, after: root, tokens: tokens[2..<4]) == nil)
        #expect(cache.block(hash, after: hash, tokens: tokens[0..<2]) == nil)
        cache.evict(0)
        #expect(cache.block(hash, after: root, tokens: tokens[0..<2]) == nil)
    }

    @Test func lastTokenIsNeverTakenFromTheCache() {
        var pool = KVBlockPool(blockCount: 4, blockSize: 2, prefixCaching: true)
        var table = BlockTable()
        _ = pool.allocate(2, to: &table)
        remember(table, [1, 2, 3, 4], &pool)
        #expect(cached([1, 2, 3, 4], pool).count == 1)
        #expect(cached([1, 2], pool).isEmpty)
        pool.release(table)
    }
}
