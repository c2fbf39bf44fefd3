/// The blocks that no sequence holds, least recently used first: a doubly linked list in two arrays.
///
/// Every operation is O(1), also taking a block out of the middle when its contents are wanted again.
struct FreeBlockList {
    /// Entry `blockCount` is the sentinel: its next is the first block, its previous the last.
    private var next: [Int32]
    private var previous: [Int32]
    private(set) var count: Int

    /// All blocks from 0 to `blockCount`, in that order.
    init(blockCount: Int) {
        let sentinel = Int32(blockCount)
        next = (0...sentinel).map { $0 == sentinel ? 0 : $0 + 1 }
        previous = (0...sentinel).map { $0 == 0 ? sentinel : $0 - 1 }
        count = blockCount
    }

    private var sentinel: Int32 { Int32(next.count - 1) }

    mutating func takeFirst() -> Int32? {
        guard count > 0 else { return nil }
        let block = next[Int(sentinel)]
        remove(block)
        return block
    }

    /// Takes out a block that is in the list.
    mutating func remove(_ block: Int32) {
        let (before, after) = (previous[Int(block)], next[Int(block)])
        next[Int(before)] = after
        previous[Int(after)] = before
        count -= 1
    }

    /// Puts a block where it is taken first.
    mutating func prepend(_ block: Int32) {
        insert(block, after: sentinel)
    }

    /// Puts a block where it is taken last.
    mutating func append(_ block: Int32) {
        insert(block, after: previous[Int(sentinel)])
    }

    private mutating func insert(_ block: Int32, after before: Int32) {
        let after = next[Int(before)]
        next[Int(before)] = block
        previous[Int(block)] = before
        next[Int(block)] = after
        previous[Int(after)] = block
        count += 1
    }
}
