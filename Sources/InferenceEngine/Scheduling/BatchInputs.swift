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

    /// Adds rows of a sequence, whose tokens stand in `blocks`: `tokens`, whose indices are their positions, and behind
    /// them `draft`.
    ///
    /// `isSampled` asks for the logits of the last of `tokens` and of each drafted one.
    mutating func append(
        tokens: ArraySlice<Int32>,
        draft: [Int32],
        blocks: [Int32],
        blockSize: Int,
        isSampled: Bool
    ) {
        let end = tokens.endIndex + draft.count
        tokenIDs += tokens
        tokenIDs += draft
        for position in tokens.startIndex..<end {
            positions.append(Int32(position))
            slots.append(blocks[position / blockSize] * Int32(blockSize) + Int32(position % blockSize))
        }
        sequenceStarts.append(Int32(tokenIDs.count))
        contextLengths.append(Int32(end))
        // Blocks that are reserved for later are of no use to the kernel.
        tables.append(blocks.prefix((end + blockSize - 1) / blockSize))
        if isSampled { outputRows += (tokenIDs.count - 1 - draft.count..<tokenIDs.count).map(Int32.init) }
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
