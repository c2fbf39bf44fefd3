import CKernels
import DeviceRuntime
import Tensors
import XIR

/// The cosines and sines of a run's positions: computed once for all layers that ask for the same.
struct RotaryTable: Hashable {
    /// Value numbers.
    var positions: Int
    var frequencies: Int
    var half: Int
    var scale: Float

    /// The kernel that fills table `number`: all cosines, then all sines.
    func kernel(_ number: Int, rows: Count) -> Kernel {
        { frame, worker in
            let tokens = rows(frame.symbols)
            let (cosine, sine) = pointers(frame, number, tokens)
            worker.ranges(tokens, grain: max(1, 512 / half)) { range in
                let start = range.lowerBound * half
                ck_rotary_table(
                    frame.integers(positions) + range.lowerBound,
                    Int64(range.count),
                    frame.floats(frequencies),
                    Int64(half),
                    scale,
                    cosine + start,
                    sine + start
                )
            }
        }
    }

    func pointers(_ frame: Frame, _ number: Int, _ tokens: Int) -> (
        cosine: UnsafeMutablePointer<Float>, sine: UnsafeMutablePointer<Float>
    ) {
        (frame.tables[number], frame.tables[number] + tokens * half)
    }
}

extension KernelTable {
    static let rotary: Factory = { step, builder throws(DeviceError) in
        let (x, positions, y) = (step.operands[0], step.operands[1], step.results[0])
        guard builder.type(x).rank == 3, builder.type(positions).elementType == .int32 else {
            throw builder.unsupported(step, "x must be [tokens, heads, head_dim] and positions i32 [tokens]")
        }
        let (heads, headDim) = (try builder.fixed(x, axis: 1, step), try builder.fixed(x, axis: 2, step))
        let table = RotaryTable(
            positions: positions,
            frequencies: step.operands[2],
            half: headDim / 2,
            scale: try step.number("scale", builder)
        )
        let number = try builder.rotaryTable(table, step)
        let (width, rows) = (heads * headDim, try builder.rows(x, dropping: 2, step))
        return { frame, worker in
            let tokens = rows(frame.symbols)
            let (cosine, sine) = table.pointers(frame, number, tokens)
            worker.ranges(tokens, grain: rowGrain(width)) { range in
                let (start, turn) = (range.lowerBound * width, range.lowerBound * table.half)
                ck_rotary(
                    frame.floats(x) + start,
                    Int64(width),
                    Int64(range.count),
                    Int64(heads),
                    Int64(table.half),
                    cosine + turn,
                    sine + turn,
                    frame.floats(y) + start,
                    Int64(width)
                )
            }
        }
    }

    static let cacheWrite: Factory = { step, builder throws(DeviceError) in
        let (cache, x, slots) = (step.operands[0], step.operands[1], step.operands[2])
        let layout = try CacheLayout(cache, step, builder)
        try builder.indices(slots, step, .slots(slots, limit: layout.slotCount))
        let width = layout.kvHeads * layout.headDim
        let rows = try builder.rows(x, dropping: 1, step)
        return { frame, worker in
            worker.ranges(rows(frame.symbols), grain: rowGrain(width)) { range in
                var cache = layout.cache(frame, cache)
                ck_cache_write(
                    frame.floats(x) + range.lowerBound * width,
                    Int64(width),
                    frame.integers(slots) + range.lowerBound,
                    Int64(range.count),
                    &cache
                )
            }
        }
    }

    static let rotaryCacheWrite: Factory = { step, builder throws(DeviceError) in
        let (qkv, positions, slots) = (step.operands[0], step.operands[1], step.operands[2])
        let (keys, values, query) = (step.operands[4], step.operands[5], step.results[0])
        let layout = try CacheLayout(keys, step, builder)
        let heads = try step.integer("heads", builder)
        guard builder.type(positions).elementType == .int32 else {
            throw builder.unsupported(step, "positions must be i32")
        }
        try builder.indices(slots, step, .slots(slots, limit: layout.slotCount))
        let table = RotaryTable(
            positions: positions,
            frequencies: step.operands[3],
            half: layout.headDim / 2,
            scale: try step.number("scale", builder)
        )
        let number = try builder.rotaryTable(table, step)
        let norms = step.operands.count > 6 ? (query: step.operands[6], key: step.operands[7]) : nil
        var normType = CK_F32
        if let norms {
            normType = try builder.storage(norms.query, step)
            guard builder.type(norms.key).elementType == builder.type(norms.query).elementType else {
                throw builder.unsupported(step, "both norms must have the same element type")
            }
        }
        let epsilon = norms == nil ? 0 : try step.number("epsilon", builder)
        let width = (heads + 2 * layout.kvHeads) * layout.headDim
        let rows = try builder.rows(qkv, dropping: 1, step)
        return { frame, worker in
            let tokens = rows(frame.symbols)
            let (cosine, sine) = table.pointers(frame, number, tokens)
            var call = ck_rotary_cache_write_t()
            call.qkv = UnsafePointer(frame.floats(qkv))
            call.qkv_stride = Int64(width)
            call.heads = Int64(heads)
            call.slots = UnsafePointer(frame.integers(slots))
            call.cosine = UnsafePointer(cosine)
            call.sine = UnsafePointer(sine)
            call.keys = layout.cache(frame, keys)
            call.values = layout.cache(frame, values)
            call.query_norm = norms.map { UnsafeRawPointer(frame.pointers[$0.query]) }
            call.key_norm = norms.map { UnsafeRawPointer(frame.pointers[$0.key]) }
            call.norm_type = normType
            call.epsilon = epsilon
            call.query = frame.floats(query)
            call.query_stride = Int64(heads * layout.headDim)
            worker.ranges(tokens, grain: rowGrain(width)) { range in
                ck_rotary_cache_write(&call, Int64(range.lowerBound), Int64(range.upperBound))
            }
        }
    }
}
