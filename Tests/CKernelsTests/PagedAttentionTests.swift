import CKernels
import Foundation
import KongurTesting
import Testing

@Suite struct PagedAttentionTests {
    /// One sequence in a shuffled cache whose unused slots hold NaN.
    struct Sequence {
        let (heads, kvHeads, headDim, blockSize, length): (Int, Int, Int, Int, Int)
        let type: ck_type_t
        let query: [Float]
        /// `[length][kvHeads * headDim]`, as the cache's element type holds them.
        let keys: [Float]
        let values: [Float]
        let table: [Int32]
        private let keyCache: [UInt8]
        private let valueCache: [UInt8]
        let scale: Float

        init(heads: Int, kvHeads: Int, headDim: Int, blockSize: Int, length: Int, _ type: ck_type_t) {
            (self.heads, self.kvHeads, self.headDim, self.blockSize, self.length) =
                (heads, kvHeads, headDim, blockSize, length)
            self.type = type
            scale = 1 / Float(headDim).squareRoot()
            var samples = SeededGenerator(UInt64(length))
            query = samples.floats(length * heads * headDim, in: -3...3)
            let (newKeys, newValues) = (
                samples.floats(length * kvHeads * headDim, in: -3...3), samples.floats(length * kvHeads * headDim)
            )
            keys = cached(newKeys, headDim: headDim, as: type)
            values = cached(newValues, headDim: headDim, as: type)
            let blocks = (length + blockSize - 1) / blockSize
            let table = (0..<Int32(blocks + 2)).shuffled(using: &samples).prefix(blocks).map { $0 }
            self.table = table
            let slots = (0..<length).map { table[$0 / blockSize] * Int32(blockSize) + Int32($0 % blockSize) }
            let width = kvHeads * headDim
            let cache = { (rows: [Float]) -> [UInt8] in
                // All ones is a NaN in every type, and in every scale.
                var bytes = [UInt8](
                    repeating: 0xFF,
                    count: (blocks + 2) * blockSize * kvHeads * cacheRowSize(headDim, type)
                )
                bytes.withUnsafeMutableBytes { bytes in
                    var cache = ck_cache_t(
                        elements: bytes.baseAddress,
                        type: type,
                        kv_heads: Int64(kvHeads),
                        block_size: Int64(blockSize),
                        head_dim: Int64(headDim)
                    )
                    ck_cache_write(rows, Int64(width), slots, Int64(length), &cache)
                }
                return bytes
            }
            keyCache = cache(newKeys)
            valueCache = cache(newValues)
        }

        /// The output of rows `rows`, in calls of `tile` rows, by whole calls or partition by partition.
        func run(_ rows: Range<Int>, tile: Int, partitioned: Bool = false) -> [Float] {
            var output = [Float](repeating: .nan, count: length * heads * headDim)
            keyCache.withUnsafeBytes { keyBytes in
                valueCache.withUnsafeBytes { valueBytes in
                    query.withUnsafeBufferPointer { query in
                        table.withUnsafeBufferPointer { table in
                            output.withUnsafeMutableBufferPointer { output in
                                func cache(_ bytes: UnsafeRawBufferPointer) -> ck_cache_t {
                                    ck_cache_t(
                                        elements: UnsafeMutableRawPointer(mutating: bytes.baseAddress),
                                        type: type,
                                        kv_heads: Int64(kvHeads),
                                        block_size: Int64(blockSize),
                                        head_dim: Int64(headDim)
                                    )
                                }
                                var attention = ck_attention_t(
                                    query: query.baseAddress,
                                    query_stride: Int64(heads * headDim),
                                    heads: Int64(heads),
                                    scale: scale,
                                    keys: cache(keyBytes),
                                    values: cache(valueBytes),
                                    output: output.baseAddress,
                                    output_stride: Int64(heads * headDim)
                                )
                                let count = ck_attention_partial_count(&attention, Int64(tile))
                                let scratchCount = ck_attention_scratch_count(&attention)
                                for first in stride(from: rows.lowerBound, to: rows.upperBound, by: tile) {
                                    for head in 0..<kvHeads {
                                        var work = ck_attention_rows_t(
                                            row: Int64(first),
                                            rows: Int64(min(tile, rows.upperBound - first)),
                                            position: Int64(first),
                                            table: table.baseAddress,
                                            kv_head: Int64(head)
                                        )
                                        var scratch = [Float](repeating: .nan, count: Int(scratchCount))
                                        guard partitioned else {
                                            scratch += [Float](repeating: .nan, count: Int(2 * count))
                                            ck_attention(&attention, &work, &scratch)
                                            continue
                                        }
                                        let last =
                                            (Int(work.position + work.rows) - 1) / Int(CK_ATTENTION_PARTITION)
                                        let each = Int(ck_attention_partial_count(&attention, work.rows))
                                        var partials = [Float](repeating: .nan, count: (last + 1) * each)
                                        partials.withUnsafeMutableBufferPointer { partials in
                                            for partition in (0...last).reversed() {
                                                ck_attention_partition(
                                                    &attention,
                                                    &work,
                                                    Int64(partition),
                                                    partials.baseAddress.map { $0 + partition * each },
                                                    &scratch
                                                )
                                            }
                                            ck_attention_merge(&attention, &work, partials.baseAddress)
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            return Array(output[rows.lowerBound * heads * headDim..<rows.upperBound * heads * headDim])
        }

        func reference(_ rows: Range<Int>) -> [Double] {
            rows.flatMap { row in
                (0..<heads).flatMap { head in
                    let kvHead = head / (heads / kvHeads)
                    let scores = (0...row).map { key in
                        (0..<headDim).reduce(0.0) {
                            $0 + Double(query[(row * heads + head) * headDim + $1])
                                * Double(keys[(key * kvHeads + kvHead) * headDim + $1])
                        } * Double(scale)
                    }
                    let largest = scores.max() ?? 0
                    let weights = scores.map { exp($0 - largest) }
                    let total = weights.reduce(0, +)
                    return (0..<headDim).map { d in
                        weights.indices.reduce(0.0) {
                            $0 + weights[$1] * Double(values[($1 * kvHeads + kvHead) * headDim + d])
                        } / total
                    }
                }
            }
        }

        /// How far kernels may be from the definition: queries and weights of values in 16 bits where bytes are multiplied.
        func bound(_ level: ck_level_t) -> Double {
            type == CK_I8 && headDim % 64 == 0 && level.rawValue >= CK_LEVEL_VNNI.rawValue ? 2e-4 : 2e-6
        }

        var tile: Int { Int(ck_attention_tile(Int64(heads / kvHeads))) }
    }

    @Test(arguments: levels, cacheTypes)
    func agreesWithTheDefinition(level: ck_level_t, type: ck_type_t) {
        for (heads, kvHeads, headDim, blockSize, length) in [
            (1, 1, 8, 4, 1), (2, 1, 12, 3, 40), (6, 2, 16, 16, 70), (3, 3, 5, 7, 33), (4, 4, 64, 64, 100),
            (24, 2, 32, 16, 10), (30, 1, 16, 8, 9), (7, 1, 64, 5, 37),
            (2, 2, 128, 16, 21),
        ] {
            let sequence = Sequence(
                heads: heads,
                kvHeads: kvHeads,
                headDim: headDim,
                blockSize: blockSize,
                length: length,
                type
            )
            let output = at(level) { sequence.run(0..<length, tile: sequence.tile) }
            #expect(
                error(output, sequence.reference(0..<length)) < sequence.bound(level),
                "\(heads)/\(kvHeads) heads of \(headDim)"
            )
        }
    }

    /// Several partitions and a context as long as the longest answers, with heads as wide as those of real models.
    @Test(arguments: levels, cacheTypes)
    func agreesOverSeveralPartitions(level: ck_level_t, type: ck_type_t) {
        for (kvHeads, headDim, length) in [(2, 24, 700), (1, 64, 530), (1, 128, 600), (1, 8, 40_960)] {
            let sequence = Sequence(heads: 6, kvHeads: kvHeads, headDim: headDim, blockSize: 16, length: length, type)
            let rows = length - 3..<length
            let output = at(level) { sequence.run(rows, tile: sequence.tile) }
            #expect(error(output, sequence.reference(rows)) < sequence.bound(level), "\(length) keys of \(headDim)")
        }
    }

    /// A row has the same bits as a decode step, in a chunk of any size, and when partitions run one by one.
    @Test(arguments: levels, [CK_F16, CK_BF16, CK_I8])
    func decodeChunksAndWholePromptsGiveTheSameBits(level: ck_level_t, type: ck_type_t) {
        for (heads, kvHeads, headDim, blockSize, length) in [
            (6, 1, 20, 16, 300), (5, 5, 16, 5, 290), (4, 2, 72, 32, 260), (6, 1, 64, 16, 270),
        ] {
            let sequence = Sequence(
                heads: heads,
                kvHeads: kvHeads,
                headDim: headDim,
                blockSize: blockSize,
                length: length,
                type
            )
            at(level) {
                let decoded = sequence.run(0..<length, tile: 1)
                #expect(decoded.bits == sequence.run(0..<length, tile: sequence.tile).bits)
                #expect(decoded.bits == sequence.run(0..<length, tile: max(1, sequence.tile - 1)).bits)
                let width = heads * headDim
                let last = Array(decoded[(length - 9) * width..<length * width])
                #expect(last.bits == sequence.run(length - 9..<length, tile: 2).bits)
                #expect(last.bits == sequence.run(length - 9..<length, tile: 1, partitioned: true).bits)
            }
        }
    }
}
