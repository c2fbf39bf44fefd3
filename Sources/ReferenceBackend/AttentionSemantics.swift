import DeviceRuntime
import Tensors
import XIR

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Interpreter {
    static let attention: [String: Semantics] = [
        "rotary": { (e) throws(DeviceError) in
            let shape = e.operands[0].shape
            let positions = try e.integers(1)
            let headDim = shape[shape.rank - 1]
            let heads = shape[1]
            let sequence = shape.rank == 4 ? shape[2] : 1
            let rows = headDim == 0 ? 0 : shape.elementCount / headDim
            // Rows stand in the order [batch, heads, sequence], or [tokens, heads], which is the same with a sequence of 1.
            let rowPositions = (0..<rows).map { positions[$0 / (heads * sequence) * sequence + $0 % sequence] }
            let turned = rotated(e.operands[0].floats, rowPositions, e.operands[2].floats, scale: e.float("scale"))
            return [Tensor(rounding: turned, to: e.types[0])]
        },
        "attention": { (e) throws(DeviceError) in
            let (q, k) = (e.operands[0].shape, e.operands[1].shape)
            let (batch, heads, sequence, headDim) = (q[0], q[1], q[2], q[3])
            let (kvHeads, total) = (k[1], k[2])
            let (query, key, value) = (e.operands[0].floats, e.operands[1].floats, e.operands[2].floats)
            let mask = try e.integers(3)
            var result: [Float] = []
            for b in 0..<batch {
                for h in 0..<heads {
                    let kv = (b * kvHeads + h / (heads / kvHeads)) * total
                    for i in 0..<sequence {
                        let row = ((b * heads + h) * sequence + i) * headDim
                        let visible = (0..<total).filter { $0 <= total - sequence + i && mask[b * total + $0] != 0 }
                        result += attended(
                            query[row..<row + headDim],
                            key,
                            value,
                            at: visible.map { (kv + $0) * headDim },
                            scale: e.float("scale")
                        )
                    }
                }
            }
            return [Tensor(rounding: result, to: e.types[0])]
        },
        "cache_write": { (e) throws(DeviceError) in
            [try written(e, e.operands[0], e.operands[1].floats, try e.integers(2))]
        },
        "rotary_cache_write": { (e) throws(DeviceError) in try rotaryCacheWrite(e) },
        "paged_attention": { (e) throws(DeviceError) in [try pagedAttention(e)] },
    ]

    /// Heads (vectors as long as twice `frequencies`) turned by their positions.
    private static func rotated(_ x: [Float], _ positions: [Int], _ frequencies: [Float], scale: Double) -> [Float] {
        let half = frequencies.count
        var result = x
        for (row, position) in positions.enumerated() {
            for index in 0..<half {
                // The angle is a float32 product, as the models were trained.
                let angle = Double(Float(position) * frequencies[index])
                let (cosine, sine) = (cos(angle) * scale, sin(angle) * scale)
                let first = row * 2 * half + index
                let (a, b) = (Double(x[first]), Double(x[first + half]))
                result[first] = Float(a * cosine - b * sine)
                result[first + half] = Float(b * cosine + a * sine)
            }
        }
        return result
    }

    /// softmax(query keys^T * scale) values over the keys and values that begin at `offsets`; zeros when there are none.
    private static func attended(
        _ query: ArraySlice<Float>,
        _ keys: [Float],
        _ values: [Float],
        at offsets: [Int],
        scale: Double
    ) -> [Float] {
        var scores: [Double] = []
        for offset in offsets {
            var sum = 0.0
            for (index, element) in query.enumerated() { sum += Double(element) * Double(keys[offset + index]) }
            scores.append(sum * scale)
        }
        var sums = [Double](repeating: 0, count: query.count)
        for (weight, offset) in zip(softmax(scores), offsets) {
            for index in sums.indices { sums[index] += weight * Double(values[offset + index]) }
        }
        return sums.map { Float($0) }
    }

    /// Where the numbers of a slot and head start in a cache, and their scale if they have one: bytes.
    private static func cacheOffsets(_ cache: Shape, _ row: CacheRow, slot: Int, head: Int) -> (row: Int, scale: Int) {
        let (block, offset) = (slot / cache[2] * cache[1] + head, slot % cache[2])
        let start = block * cache[2] * row.byteCount
        let numbers = row.headDim * row.elementType.byteCount
        return (start + offset * numbers, start + cache[2] * numbers + offset * 4)
    }

    private static func cacheRow(_ e: Evaluation, _ cache: Tensor) throws(DeviceError) -> CacheRow {
        guard let row = CacheRow(of: cache.type) else { throw e.failure("\(cache.type) is no cache") }
        return row
    }

    /// A cache with row t of `x`, `[tokens, kv_heads * head_dim]`, written to slot t of `slots`.
    private static func written(_ e: Evaluation, _ cache: Tensor, _ x: [Float], _ slots: [Int])
        throws(DeviceError) -> Tensor
    {
        let (shape, row) = (cache.shape, try cacheRow(e, cache))
        let heads = shape[1]
        var result = MutableTensor(cache.type)
        try result.withMutableBytes { (target) throws(DeviceError) in
            cache.withBytes { target.copyMemory(from: $0) }
            for (token, slot) in slots.enumerated() where slot >= 0 {
                guard slot < shape[0] * shape[2] else { throw e.failure("slot \(slot) of \(shape[0] * shape[2])") }
                for head in 0..<heads {
                    let offsets = cacheOffsets(shape, row, slot: slot, head: head)
                    var numbers = Array(
                        x[(token * heads + head) * row.headDim..<(token * heads + head + 1) * row.headDim]
                    )
                    if row.hasScale {
                        let quantized = QuantizedGroup(numbers[...])
                        numbers = quantized.numbers
                        target.storeBytes(of: quantized.scale, toByteOffset: offsets.scale, as: Float.self)
                    }
                    Tensor(rounding: numbers, to: TensorType(row.elementType, [row.headDim])).withBytes { source in
                        for (byte, value) in source.enumerated() { target[offsets.row + byte] = value }
                    }
                }
            }
        }
        return result.freeze()
    }

    /// What a cache holds in some slots for one head: `[slots, head_dim]`.
    private static func cached(_ cache: Tensor, _ row: CacheRow, _ slots: [Int], head: Int) -> [Float] {
        cache.withBytes { bytes in
            slots.flatMap { slot -> [Float] in
                let offsets = cacheOffsets(cache.shape, row, slot: slot, head: head)
                var numbers = MutableTensor(TensorType(row.elementType, [row.headDim]))
                numbers.withMutableBytes { target in
                    for byte in target.indices { target[byte] = bytes[offsets.row + byte] }
                }
                let floats = numbers.freeze().floats
                guard row.hasScale else { return floats }
                let scale = bytes.loadUnaligned(fromByteOffset: offsets.scale, as: Float.self)
                return floats.map { $0 * scale }
            }
        }
    }

    private static func rotaryCacheWrite(_ e: Evaluation) throws(DeviceError) -> [Tensor] {
        let cache = e.operands[4]
        let (kvHeads, headDim, heads) = (cache.shape[1], try cacheRow(e, cache).headDim, e.integer("heads"))
        let width = (heads + 2 * kvHeads) * headDim
        let qkv = e.operands[0].floats
        let (positions, slots) = (try e.integers(1), try e.integers(2))
        func columns(_ start: Int, _ count: Int) -> [Float] {
            positions.indices.flatMap { row in
                qkv[row * width + start * headDim..<row * width + (start + count) * headDim]
            }
        }
        func turned(_ x: [Float], _ count: Int, norm: Int) -> [Float] {
            let normed =
                e.operands.count > norm ? rmsNormalized(x, e.operands[norm].floats, e.float("epsilon")) : x
            let perHead = positions.flatMap { [Int](repeating: $0, count: count) }
            return rotated(normed, perHead, e.operands[3].floats, scale: e.float("scale"))
        }
        let query = turned(columns(0, heads), heads, norm: 6)
        let key = turned(columns(heads, kvHeads), kvHeads, norm: 7)
        return [
            Tensor(rounding: query, to: e.types[0]),
            try written(e, cache, key, slots),
            try written(e, e.operands[5], columns(heads + kvHeads, kvHeads), slots),
        ]
    }

    private static func pagedAttention(_ e: Evaluation) throws(DeviceError) -> Tensor {
        let (keyCache, valueCache) = (e.operands[1], e.operands[2])
        let cacheRow = try Self.cacheRow(e, keyCache)
        let (kvHeads, headDim, heads) = (keyCache.shape[1], cacheRow.headDim, e.integer("heads"))
        let query = e.operands[0].floats
        let (starts, lengths) = (try e.integers(3), try e.integers(4))
        var result = [Float](repeating: 0, count: query.count)
        for (sequence, length) in lengths.enumerated() {
            let rows = starts[sequence]..<max(starts[sequence], starts[sequence + 1])
            guard rows.lowerBound >= 0, rows.upperBound <= e.operands[0].shape[0], rows.count <= length else {
                throw e.failure("sequence \(sequence) has rows \(rows) and \(length) tokens")
            }
            let slots = try slots(e, of: sequence, length)
            for kvHead in 0..<kvHeads {
                let keys = cached(keyCache, cacheRow, slots, head: kvHead)
                let values = cached(valueCache, cacheRow, slots, head: kvHead)
                for row in rows {
                    // The rows are the sequence's last tokens; each sees itself and what came before.
                    let visible = length - rows.count + (row - rows.lowerBound) + 1
                    for head in kvHead * (heads / kvHeads)..<(kvHead + 1) * (heads / kvHeads) {
                        let start = (row * heads + head) * headDim
                        let attended = attended(
                            query[start..<start + headDim],
                            keys,
                            values,
                            at: (0..<visible).map { $0 * headDim },
                            scale: e.float("scale")
                        )
                        result.replaceSubrange(start..<start + headDim, with: attended)
                    }
                }
            }
        }
        return Tensor(rounding: result, to: e.types[0])
    }

    /// Where the first `length` tokens of a sequence stand, by its row of the block tables.
    private static func slots(_ e: Evaluation, of sequence: Int, _ length: Int) throws(DeviceError) -> [Int] {
        let (blocks, blockSize, columns) = (e.operands[1].shape[0], e.operands[1].shape[2], e.operands[5].shape[1])
        guard length <= columns * blockSize else {
            throw e.failure("sequence \(sequence) has \(length) tokens, but its table has \(columns) blocks")
        }
        let tables = try e.integers(5)
        var slots: [Int] = []
        for position in 0..<length {
            let block = tables[sequence * columns + position / blockSize]
            guard (0..<blocks).contains(block) else { throw e.failure("block \(block) of \(blocks)") }
            slots.append(block * blockSize + position % blockSize)
        }
        return slots
    }
}
