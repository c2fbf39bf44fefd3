import CKernels
import DeviceRuntime
import XIR

extension KernelTable {
    static let pagedAttention: Factory = { step, builder throws(DeviceError) in
        let kernel = try AttentionKernel(step, &builder)
        return { frame, worker in kernel.run(frame, worker) }
    }
}

/// Paged attention, shared out over threads by tiles of rows and key/value heads.
///
/// When there are too few of those for the threads (a few sequences that decode over long contexts), the partitions of a
/// context are shared out too, and put together afterwards; the bits are the same either way.
struct AttentionKernel {
    private let query: Int
    private let keys: Int
    private let values: Int
    private let starts: Int
    private let lengths: Int
    private let tables: Int
    private let output: Int
    private let layout: CacheLayout
    private let heads: Int
    private let scale: Float
    private let tile: Int
    private let sequences: Count
    private let tableWidth: Count
    /// Floats of shared scratch, for partial results.
    private let partialCapacity: Int

    init(_ step: ProgramStep, _ builder: inout KernelBuilder) throws(DeviceError) {
        (query, keys, values) = (step.operands[0], step.operands[1], step.operands[2])
        (starts, lengths, tables) = (step.operands[3], step.operands[4], step.operands[5])
        output = step.results[0]
        layout = try CacheLayout(keys, step, builder)
        heads = try step.integer("heads", builder)
        scale = try step.number("scale", builder)
        let group = heads / layout.kvHeads
        guard group <= 256 else { throw builder.unsupported(step, "more than 256 query heads share a key head") }
        tile = Int(ck_attention_tile(Int64(group)))
        sequences = try builder.count(builder.type(lengths).extents, step)
        tableWidth = try builder.count(builder.type(tables).extents.dropFirst(), step)
        let check = InputCheck.sequences(
            starts: starts,
            lengths: lengths,
            tables: tables,
            rowsOf: query,
            blockSize: layout.blockSize,
            blocks: layout.blocks
        )
        for value in [starts, lengths, tables] { try builder.indices(value, step, check) }

        var shape = ck_attention_t()
        shape.heads = Int64(heads)
        shape.keys.kv_heads = Int64(layout.kvHeads)
        shape.keys.head_dim = Int64(layout.headDim)
        shape.keys.type = layout.type
        let partial = Int(ck_attention_partial_count(&shape, Int64(tile)))
        // One decoding row for every two threads, over the longest context that the cache holds, up to 64 MiB.
        let partitions = layout.slotCount / AttentionKernel.partition + 1
        partialCapacity = min(2 * builder.threadCount * partitions * partial / tile, 16 << 20)
        builder.needScratch(
            perThread: 2 * partial + Int(ck_attention_scratch_count(&shape)),
            shared: builder.threadCount > 1 ? partialCapacity : 0
        )
    }

    private static let partition = Int(CK_ATTENTION_PARTITION)

    func run(_ frame: Frame, _ worker: Worker) {
        var attention = ck_attention_t(
            query: frame.floats(query),
            query_stride: Int64(heads * layout.headDim),
            heads: Int64(heads),
            scale: scale,
            keys: layout.cache(frame, keys),
            values: layout.cache(frame, values),
            output: frame.floats(output),
            output_stride: Int64(heads * layout.headDim)
        )
        let scratch = frame.threadScratch[worker.index]
        let tiles = Tiles(self, frame)
        let (count, partitions) = tiles.measure()
        let items = count * layout.kvHeads
        let partial = Int(ck_attention_partial_count(&attention, Int64(tile)))
        let share = worker.count > 1 && partitions > 1 && items < 2 * worker.count
        guard share, items * partitions * partial <= partialCapacity else {
            var cursor = tiles.cursor()
            worker.pieces(items) { item in
                var rows = cursor.rows(tile: item / layout.kvHeads, head: item % layout.kvHeads)
                ck_attention(&attention, &rows, scratch)
            }
            return
        }
        let partials = frame.sharedScratch
        var cursor = tiles.cursor()
        // In ranges, since a partition fetches the keys of the next one.
        worker.ranges(items * partitions, grain: 1) { range in
            for piece in range {
                let (item, partition) = (piece / partitions, piece % partitions)
                var rows = cursor.rows(tile: item / layout.kvHeads, head: item % layout.kvHeads)
                guard partition * Self.partition < Int(rows.position + rows.rows) else { continue }
                // The partial results of an item stand one after the other, as ck_attention_merge wants them.
                let each = Int(ck_attention_partial_count(&attention, rows.rows))
                let start = partials + item * partitions * partial
                ck_attention_partition(&attention, &rows, Int64(partition), start + partition * each, scratch)
            }
        }
        worker.barrier()
        cursor = tiles.cursor()
        worker.pieces(items) { item in
            var rows = cursor.rows(tile: item / layout.kvHeads, head: item % layout.kvHeads)
            ck_attention_merge(&attention, &rows, partials + item * partitions * partial)
        }
    }

    /// The rows of a run in tiles that each lie in one sequence.
    private struct Tiles {
        let starts: UnsafePointer<Int32>
        let lengths: UnsafePointer<Int32>
        let tables: UnsafePointer<Int32>
        let sequences: Int
        let tableWidth: Int
        let size: Int

        init(_ kernel: AttentionKernel, _ frame: Frame) {
            starts = UnsafePointer(frame.integers(kernel.starts))
            lengths = UnsafePointer(frame.integers(kernel.lengths))
            tables = UnsafePointer(frame.integers(kernel.tables))
            sequences = kernel.sequences(frame.symbols)
            tableWidth = kernel.tableWidth(frame.symbols)
            size = kernel.tile
        }

        func rows(_ sequence: Int) -> Int { Int(starts[sequence + 1] - starts[sequence]) }
        func tiles(_ sequence: Int) -> Int { (rows(sequence) + size - 1) / size }

        /// The number of tiles, and of partitions in the longest context.
        func measure() -> (tiles: Int, partitions: Int) {
            var (count, longest) = (0, 0)
            for sequence in 0..<sequences where rows(sequence) > 0 {
                count += tiles(sequence)
                longest = max(longest, Int(lengths[sequence]))
            }
            return (count, (longest + AttentionKernel.partition - 1) / AttentionKernel.partition)
        }

        func cursor() -> Cursor { Cursor(tiles: self) }
    }

    /// Finds tiles by number; numbers that rise are found without starting again.
    private struct Cursor {
        let tiles: Tiles
        private var sequence = 0
        private var firstTile = 0

        init(tiles: Tiles) { self.tiles = tiles }

        mutating func rows(tile: Int, head: Int) -> ck_attention_rows_t {
            while tile >= firstTile + tiles.tiles(sequence) {
                firstTile += tiles.tiles(sequence)
                sequence += 1
            }
            let offset = (tile - firstTile) * tiles.size
            let rows = tiles.rows(sequence)
            return ck_attention_rows_t(
                row: Int64(Int(tiles.starts[sequence]) + offset),
                rows: Int64(min(tiles.size, rows - offset)),
                position: Int64(Int(tiles.lengths[sequence]) - rows + offset),
                table: tiles.tables + sequence * tiles.tableWidth,
                kv_head: Int64(head)
            )
        }
    }
}
