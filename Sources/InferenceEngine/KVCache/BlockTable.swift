/// The cache blocks of one sequence, in order: token t stands in block t / block size.
///
/// Not copyable: `KVBlockPool.release` consumes it, so that no block is given back twice. Dropping a table that still
/// holds blocks would lose them, and traps.
struct BlockTable: ~Copyable {
    private(set) var blocks: [Int32] = []

    init() {}

    deinit {
        precondition(blocks.isEmpty, "a block table was dropped with \(blocks.count) blocks: give it to the pool")
    }

    var count: Int { blocks.count }

    /// For the pool, which counts what it hands out.
    mutating func append(_ block: Int32) {
        blocks.append(block)
    }

    /// For the pool: the last block, which the table then no longer holds.
    mutating func removeLast() -> Int32 {
        blocks.removeLast()
    }

    /// For the pool: all blocks, which the table then no longer holds.
    mutating func removeAll() -> [Int32] {
        defer { blocks = [] }
        return blocks
    }
}
