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
                            visible.map { key[(kv + $0) * headDim..<(kv + $0 + 1) * headDim] },
                            visible.map { value[(kv + $0) * headDim..<(kv + $0 + 1) * headDim] },
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

    /// softmax(query keys^T * scale) values; zeros when there are no keys.
    private static func attended(
        _ query: ArraySlice<Float>,
        _ keys: [ArraySlice<Float>],
        _ values: [ArraySlice<Float>],
        scale: Double
    ) -> [Float] {
        let scores = keys.map { key in zip(query, key).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } * scale }
        var sums = [Double](repeating: 0, count: query.count)
        for (weight, value) in zip(softmax(scores), values) {
            for (index, element) in value.enumerated() { sums[index] += weight * Double(element) }
        }
        return sums.map { Float($0) }
    }

    /// Where the vector of a slot and head starts in a cache `[blocks, kv_heads, block, head_dim]`.
    private static func cacheOffset(_ cache: Shape, slot: Int, head: Int) -> Int {
        ((slot / cache[2] * cache[1] + head) * cache[2] + slot % cache[2]) * cache[3]
    }

    private static func written(_ e: Evaluation, _ cache: Tensor, _ x: [Float], _ slots: [Int])
        throws(DeviceError) -> Tensor
    {
        let shape = cache.shape
        let (heads, headDim) = (shape[1], shape[3])
        var values = cache.floats
        for (row, slot) in slots.enumerated() where slot >= 0 {
            guard slot < shape[0] * shape[2] else { throw e.failure("slot \(slot) of \(shape[0] * shape[2])") }
            for head in 0..<heads {
                let (to, from) = (cacheOffset(shape, slot: slot, head: head), (row * heads + head) * headDim)
                for index in 0..<headDim { values[to + index] = x[from + index] }
            }
        }
        return Tensor(rounding: values, to: cache.type)
    }

    private static func rotaryCacheWrite(_ e: Evaluation) throws(DeviceError) -> [Tensor] {
        let cache = e.operands[4]
        let (kvHeads, headDim, heads) = (cache.shape[1], cache.shape[3], e.integer("heads"))
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
        let cache = e.operands[1].shape
        let (kvHeads, blockSize, headDim, heads) = (cache[1], cache[2], cache[3], e.integer("heads"))
        let (query, keys, values) = (e.operands[0].floats, e.operands[1].floats, e.operands[2].floats)
        let (starts, lengths, tables) = (try e.integers(3), try e.integers(4), try e.integers(5))
        let (rows, columns) = (e.operands[0].shape[0], e.operands[5].shape[1])
        var result = [Float](repeating: 0, count: query.count)
        for sequence in lengths.indices {
            let (first, last) = (starts[sequence], starts[sequence + 1])
            guard 0 <= first, first <= last, last <= rows, last - first <= lengths[sequence],
                lengths[sequence] <= columns * blockSize
            else { throw e.failure("sequence \(sequence) has rows \(first)..<\(last) and \(lengths[sequence]) tokens") }
            var slots: [Int] = []
            for position in 0..<lengths[sequence] {
                let block = tables[sequence * columns + position / blockSize]
                guard (0..<cache[0]).contains(block) else { throw e.failure("block \(block) of \(cache[0])") }
                slots.append(block * blockSize + position % blockSize)
            }
            for row in first..<last {
                let visible = slots.prefix(lengths[sequence] - (last - first) + (row - first) + 1)
                for head in 0..<heads {
                    let offsets = visible.map { cacheOffset(cache, slot: $0, head: head / (heads / kvHeads)) }
                    let start = (row * heads + head) * headDim
                    let attended = attended(
                        query[start..<start + headDim],
                        offsets.map { keys[$0..<$0 + headDim] },
                        offsets.map { values[$0..<$0 + headDim] },
                        scale: e.float("scale")
                    )
                    result.replaceSubrange(start..<start + headDim, with: attended)
                }
            }
        }
        return Tensor(rounding: result, to: e.types[0])
    }
}
