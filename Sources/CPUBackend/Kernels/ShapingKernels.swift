import CKernels
import DeviceRuntime
import Tensors
import XIR

extension KernelTable {
    /// `embedding(ids, table)` and `gather(x, indices)` along the first axis, as float32.
    static let gather: Factory = { step, builder throws(DeviceError) in
        let isEmbedding = step.operation == "embedding"
        let (table, indices) = (step.operands[isEmbedding ? 1 : 0], step.operands[isEmbedding ? 0 : 1])
        let y = step.results[0]
        if !isEmbedding {
            guard case .integer(let axis) = step.attributes["axis"], axis == 0 || axis == -builder.type(table).rank,
                builder.type(table).elementType == .float32
            else { throw builder.unsupported(step, "gather is along the first axis of f32") }
        }
        let type = try builder.storage(table, step)
        let width = try builder.count(builder.type(table).extents.dropFirst(), step)
        let count = try builder.rows(indices, dropping: 0, step)
        let extent = builder.type(table).extents[0]
        if let limit = extent.value(builder.loadSymbols) {
            try builder.indices(indices, step, .indices(indices, limit: limit))
        } else {
            try builder.indices(indices, step, .indicesInto(indices, axisOf: table))
        }
        return { frame, worker in
            let width = width(frame.symbols)
            worker.ranges(count(frame.symbols), grain: rowGrain(width)) { range in
                ck_gather_rows(
                    frame.integers(indices) + range.lowerBound,
                    Int64(range.count),
                    frame.pointers[table],
                    type,
                    Int64(width),
                    frame.floats(y) + range.lowerBound * width
                )
            }
        }
    }

    /// A range of one axis: runs of contiguous bytes.
    static let slice: Factory = { step, builder throws(DeviceError) in
        let (x, y) = (step.operands[0], step.results[0])
        let type = builder.type(x)
        guard case .integer(let signed) = step.attributes["axis"],
            let axis = OperationDefinition.normalizedAxis(signed, rank: type.rank),
            let start = step.extent("start")
        else { throw builder.unsupported(step, "its axis or start is missing") }
        let size = type.elementType.byteCount
        let outer = try builder.count(type.extents.prefix(axis), step)
        let inner = try builder.count(type.extents.dropFirst(axis + 1), step)
        let from = try builder.count([type.extents[axis]], step)
        let to = try builder.count([builder.type(y).extents[axis]], step)
        let first = try builder.count([start], step)
        return { frame, worker in
            let inner = inner(frame.symbols) * size
            let (from, to, skip) = (
                from(frame.symbols) * inner, to(frame.symbols) * inner, first(frame.symbols) * inner
            )
            worker.ranges(outer(frame.symbols), grain: rowGrain(to / 4)) { range in
                for row in range {
                    (frame.pointers[y] + row * to).copyMemory(
                        from: frame.pointers[x] + row * from + skip,
                        byteCount: to
                    )
                }
            }
        }
    }

    /// Nothing where the result stands in the operand's place, otherwise a copy.
    static let reshape: Factory = { step, builder throws(DeviceError) in
        let (x, y) = (step.operands[0], step.results[0])
        if builder.program.values[x].place == builder.program.values[y].place { return { _, _ in } }
        let count = try builder.rows(x, dropping: 0, step)
        let size = builder.type(x).elementType.byteCount
        return { frame, worker in
            worker.ranges(count(frame.symbols), grain: 16_384) { range in
                (frame.pointers[y] + range.lowerBound * size).copyMemory(
                    from: frame.pointers[x] + range.lowerBound * size,
                    byteCount: range.count * size
                )
            }
        }
    }

    /// Between f32 and a shorter floating-point type, or to the same type.
    static let cast: Factory = { step, builder throws(DeviceError) in
        let (x, y) = (step.operands[0], step.results[0])
        if builder.type(x).elementType == builder.type(y).elementType { return try reshape(step, &builder) }
        let (from, to) = (try builder.storage(x, step), try builder.storage(y, step))
        guard from == CK_F32 || to == CK_F32 else { throw builder.unsupported(step, "one side of a cast must be f32") }
        let count = try builder.rows(x, dropping: 0, step)
        let (xSize, ySize) = (builder.type(x).elementType.byteCount, builder.type(y).elementType.byteCount)
        return { frame, worker in
            worker.ranges(count(frame.symbols), grain: 4096) { range in
                let source = frame.pointers[x] + range.lowerBound * xSize
                let target = frame.pointers[y] + range.lowerBound * ySize
                if to == CK_F32 {
                    ck_to_float(source, from, Int64(range.count), target.assumingMemoryBound(to: Float.self))
                } else {
                    ck_from_float(source.assumingMemoryBound(to: Float.self), Int64(range.count), to, target)
                }
            }
        }
    }
}

extension ProgramStep {
    /// One extent among the attributes.
    fileprivate func extent(_ name: String) -> Extent? {
        switch attributes[name] {
        case .extents(let extents) where extents.count == 1: extents[0]
        case .integers(let integers) where integers.count == 1: Extent(integers[0])
        default: nil
        }
    }
}
