/// The inputs of one run of the step program, flat and in the order of `StepProgram.inputs`.
package struct BatchInputs: Sendable, Hashable {
    package private(set) var tokenIDs: [Int32] = []
    package private(set) var positions: [Int32] = []
    package private(set) var slots: [Int32] = []
    package private(set) var sequenceStarts: [Int32] = [0]
    package private(set) var contextLengths: [Int32] = []
    /// Row after row of `tableWidth` entries; entries past a sequence's own blocks are 0 and not read.
    package private(set) var blockTables: [Int32] = []
    package private(set) var tableWidth = 0
    package private(set) var outputRows: [Int32] = []

    private var tables: [ArraySlice<Int32>] = []

    /// Adds rows `range` of a sequence, whose tokens stand in `blocks`; `isSampled` asks for the last row's logits.
    mutating func append(
        tokens: [Int32],
        _ range: Range<Int>,
        blocks: [Int32],
        blockSize: Int,
        isSampled: Bool
    ) {
        for position in range {
            tokenIDs.append(tokens[position])
            positions.append(Int32(position))
            slots.append(blocks[position / blockSize] * Int32(blockSize) + Int32(position % blockSize))
        }
        sequenceStarts.append(Int32(tokenIDs.count))
        contextLengths.append(Int32(range.upperBound))
        // Blocks that are reserved for later are of no use to the kernel.
        tables.append(blocks.prefix((range.upperBound + blockSize - 1) / blockSize))
        if isSampled { outputRows.append(Int32(tokenIDs.count - 1)) }
    }

    /// Lays the block tables out, once every sequence is in.
    mutating func finish() {
        tableWidth = tables.map(\.count).max() ?? 0
        blockTables.reserveCapacity(tables.count * tableWidth)
        for table in tables {
            blockTables += table
            blockTables += repeatElement(0, count: tableWidth - table.count)
        }
        tables = []
    }
}
