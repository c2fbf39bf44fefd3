package import Tensors

/// The inputs of a step program that runs one sequence alone, a few tokens at a time.
package struct SingleSequence {
    private let tokens: [Int32]
    private let blockSize: Int
    /// Its cache blocks, in order.
    private let table: [Int32]

    /// A sequence in the blocks of `table`, or else in as many as it needs from the first on.
    package init(_ tokens: [Int], blockSize: Int, table: [Int]? = nil) {
        self.tokens = tokens.map { Int32(clamping: $0) }
        self.blockSize = blockSize
        let needed = (tokens.count + blockSize - 1) / blockSize
        self.table = (table ?? Array(0..<needed)).map { Int32($0) }
    }

    /// Computes the tokens in `range`, those before it being in the cache, and asks for the logits of each.
    package func inputs(_ range: Range<Int>) -> [Tensor] {
        let positions = range.map { Int32($0) }
        let slots = range.map { table[$0 / blockSize] * Int32(blockSize) + Int32($0 % blockSize) }
        let blocks = (range.upperBound + blockSize - 1) / blockSize
        return [
            Self.vector(Array(tokens[range])), Self.vector(positions), Self.vector(slots),
            Self.vector([0, Int32(range.count)]), Self.vector([Int32(range.upperBound)]),
            Tensor(Array(table.prefix(blocks)), [1, blocks]), Self.vector((0..<range.count).map { Int32($0) }),
        ]
    }

    private static func vector(_ values: [Int32]) -> Tensor { Tensor(values, [values.count]) }
}
