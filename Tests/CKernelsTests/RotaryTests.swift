import CKernels
import Foundation
import KongurTesting
import Testing

@Suite struct RotaryTests {
    static let positions: [Int32] = [0, 1, 17, 4095, 131_071]

    static func frequencies(_ half: Int) -> [Float] {
        (0..<half).map { Float(pow(1_000_000.0, -Double($0) / Double(half))) }
    }

    static func table(_ half: Int, scale: Float) -> (cosine: [Float], sine: [Float]) {
        var cosine = [Float](repeating: .nan, count: positions.count * half)
        var sine = cosine
        ck_rotary_table(positions, Int64(positions.count), frequencies(half), Int64(half), scale, &cosine, &sine)
        return (cosine, sine)
    }

    /// Turned heads by the definition, with the angle rounded to float32 as the contract says.
    static func turned(_ x: [Float], heads: Int, half: Int, scale: Double) -> [Double] {
        let width = heads * 2 * half
        return x.indices.map { index in
            let (t, column) = (index / width, index % width)
            let i = column % half
            let angle = Double(Float(positions[t]) * frequencies(half)[i])
            let isFirstHalf = column % (2 * half) < half
            let (a, b) = (x[isFirstHalf ? index : index - half], x[isFirstHalf ? index + half : index])
            return isFirstHalf
                ? scale * (Double(a) * cos(angle) - Double(b) * sin(angle))
                : scale * (Double(b) * cos(angle) + Double(a) * sin(angle))
        }
    }

    @Test(arguments: levels)
    func turnsHeadsByTheirPositions(level: ck_level_t) {
        for (heads, half) in [(1, 1), (3, 8), (2, 13), (2, 64)] {
            var samples = SeededGenerator(UInt64(half))
            let width = heads * 2 * half
            let x = samples.floats(Self.positions.count * width)
            let table = Self.table(half, scale: 1.25)
            var y = [Float](repeating: .nan, count: x.count)
            at(level) {
                ck_rotary(
                    x,
                    Int64(width),
                    Int64(Self.positions.count),
                    Int64(heads),
                    Int64(half),
                    table.cosine,
                    table.sine,
                    &y,
                    Int64(width)
                )
            }
            #expect(error(y, Self.turned(x, heads: heads, half: half, scale: 1.25)) < 1e-6)
        }
    }

    /// The fused kernel writes what the single ones would, skips negative slots, and touches no other slot.
    @Test(arguments: levels, cacheTypes)
    func rotaryCacheWriteIsItsParts(level: ck_level_t, type: ck_type_t) {
        let normType = type == CK_I8 ? CK_BF16 : type
        for (withNorms, headDim) in [(false, 26), (true, 26), (true, 16)] {
            let (heads, kvHeads, blockSize, blocks) = (4, 2, 3, 4)
            let tokens = Self.positions.count
            let slots: [Int32] = [7, -1, 0, 11, 4]
            var samples = SeededGenerator(1)
            let rowWidth = (heads + 2 * kvHeads) * headDim
            let qkv = samples.floats(tokens * rowWidth)
            let norms = [Stored(samples.floats(headDim), as: normType), Stored(samples.floats(headDim), as: normType)]
            let table = Self.table(headDim / 2, scale: 1)
            let size = blocks * kvHeads * blockSize * cacheRowSize(headDim, type)
            let untouched = [UInt8](repeating: 0xAB, count: size)

            func cache(_ bytes: UnsafeMutableRawPointer?) -> ck_cache_t {
                ck_cache_t(
                    elements: bytes,
                    type: type,
                    kv_heads: Int64(kvHeads),
                    block_size: Int64(blockSize),
                    head_dim: Int64(headDim)
                )
            }
            func columns(_ range: Range<Int>) -> [Float] {
                (0..<tokens).flatMap { qkv[$0 * rowWidth + range.lowerBound..<$0 * rowWidth + range.upperBound] }
            }
            func normedAndTurned(_ x: [Float], heads: Int, norm: Stored) -> [Float] {
                var x = x
                x.withUnsafeMutableBufferPointer { x in
                    if withNorms {
                        ck_rms_norm(
                            x.baseAddress,
                            Int64(headDim),
                            Int64(tokens * heads),
                            Int64(headDim),
                            norm.bytes,
                            normType,
                            1e-6,
                            x.baseAddress,
                            Int64(headDim)
                        )
                    }
                    ck_rotary(
                        x.baseAddress,
                        Int64(heads * headDim),
                        Int64(tokens),
                        Int64(heads),
                        Int64(headDim / 2),
                        table.cosine,
                        table.sine,
                        x.baseAddress,
                        Int64(heads * headDim)
                    )
                }
                return x
            }

            at(level) {
                var (keys, values) = (untouched, untouched)
                var query = [Float](repeating: .nan, count: tokens * heads * headDim)
                qkv.withUnsafeBufferPointer { qkv in
                    slots.withUnsafeBufferPointer { slots in
                        table.cosine.withUnsafeBufferPointer { cosine in
                            table.sine.withUnsafeBufferPointer { sine in
                                norms[0].bytes.withUnsafeBytes { queryNorm in
                                    norms[1].bytes.withUnsafeBytes { keyNorm in
                                        keys.withUnsafeMutableBytes { keys in
                                            values.withUnsafeMutableBytes { values in
                                                query.withUnsafeMutableBufferPointer { query in
                                                    var step = ck_rotary_cache_write_t()
                                                    step.qkv = qkv.baseAddress
                                                    step.qkv_stride = Int64(rowWidth)
                                                    step.heads = Int64(heads)
                                                    step.slots = slots.baseAddress
                                                    step.cosine = cosine.baseAddress
                                                    step.sine = sine.baseAddress
                                                    step.keys = cache(keys.baseAddress)
                                                    step.values = cache(values.baseAddress)
                                                    step.query_norm = withNorms ? queryNorm.baseAddress : nil
                                                    step.key_norm = withNorms ? keyNorm.baseAddress : nil
                                                    step.norm_type = normType
                                                    step.epsilon = 1e-6
                                                    step.query = query.baseAddress
                                                    step.query_stride = Int64(heads * headDim)
                                                    ck_rotary_cache_write(&step, 0, 2)
                                                    ck_rotary_cache_write(&step, 2, Int64(tokens))
                                                }
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                let expectedQuery = normedAndTurned(columns(0..<heads * headDim), heads: heads, norm: norms[0])
                #expect(query.bits == expectedQuery.bits)
                let keyColumns = heads * headDim..<(heads + kvHeads) * headDim
                let valueColumns = keyColumns.upperBound..<rowWidth
                let written = [
                    (keys, normedAndTurned(columns(keyColumns), heads: kvHeads, norm: norms[1])),
                    (values, columns(valueColumns)),
                ]
                for (bytes, rows) in written {
                    var expected = untouched
                    expected.withUnsafeMutableBytes { bytes in
                        var cache = cache(bytes.baseAddress)
                        ck_cache_write(rows, Int64(kvHeads * headDim), slots, Int64(tokens), &cache)
                    }
                    #expect(bytes == expected)
                    #expect(expected != untouched)
                }
            }
        }
    }

    /// Slot 5 of blocks of 3 is row 2 of block 1; its heads stand block_size rows apart.
    @Test(arguments: levels)
    func cacheWritePutsHeadsWhereTheLayoutSays(level: ck_level_t) {
        let (kvHeads, blockSize, headDim) = (2, 3, 5)
        var elements = [Float](repeating: 0, count: 2 * kvHeads * blockSize * headDim)
        let x = (1...kvHeads * headDim).map(Float.init)
        elements.withUnsafeMutableBytes { bytes in
            var cache = ck_cache_t(
                elements: bytes.baseAddress,
                type: CK_F32,
                kv_heads: Int64(kvHeads),
                block_size: Int64(blockSize),
                head_dim: Int64(headDim)
            )
            at(level) { ck_cache_write(x, Int64(x.count), [5], 1, &cache) }
        }
        for head in 0..<kvHeads {
            let start = ((1 * kvHeads + head) * blockSize + 2) * headDim
            #expect(Array(elements[start..<start + headDim]) == Array(x[head * headDim..<(head + 1) * headDim]))
        }
        #expect(elements.count { $0 != 0 } == x.count)
    }

    /// Every number of an i8 row is the nearest multiple of the scale, which stands behind the block's rows.
    @Test(arguments: levels)
    func cacheWriteQuantisesEachHeadOfARow(level: ck_level_t) {
        let (kvHeads, blockSize, headDim) = (2, 3, 21)
        var samples = SeededGenerator(3)
        var x = samples.floats(kvHeads * headDim, in: -5...5)
        // Ties go to the even neighbour: with 127 as the largest, halves are in the middle.
        x.replaceSubrange(0..<6, with: [127, 0.5, -1.5, 2.5, -126.5, 3])
        for index in 6..<headDim { x[index] = 0 }
        for row in [x, [Float](repeating: 0, count: x.count)] {
            var bytes = [UInt8](repeating: 0xAB, count: 2 * kvHeads * blockSize * (headDim + 4))
            bytes.withUnsafeMutableBytes { bytes in
                var cache = ck_cache_t(
                    elements: bytes.baseAddress,
                    type: CK_I8,
                    kv_heads: Int64(kvHeads),
                    block_size: Int64(blockSize),
                    head_dim: Int64(headDim)
                )
                at(level) { ck_cache_write(row, Int64(row.count), [4], 1, &cache) }
                for head in 0..<kvHeads {
                    let block = (1 * kvHeads + head) * blockSize * (headDim + 4)
                    let own = row[head * headDim..<(head + 1) * headDim]
                    let largest = own.map(\.magnitude).max() ?? 0
                    let numbers = bytes[block + headDim..<block + 2 * headDim].map { Float(Int8(bitPattern: $0)) }
                    #expect(numbers == own.map { largest == 0 ? 0 : ($0 * (127 / largest)).rounded(.toNearestOrEven) })
                    let scale = bytes.loadUnaligned(fromByteOffset: block + blockSize * headDim + 4, as: Float.self)
                    #expect(scale == largest / 127)
                }
            }
            #expect(bytes.count { $0 != 0xAB } >= kvHeads * (headDim + 4) - 2)
        }
    }
}
