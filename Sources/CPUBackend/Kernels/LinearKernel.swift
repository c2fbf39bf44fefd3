import CKernels
import DeviceRuntime
import XIR

extension KernelTable {
    /// Threads take ranges of output features, each for all rows: a weight is read from memory once.
    static let linear: Factory = { step, builder throws(DeviceError) in
        let (x, weight, y) = (step.operands[0], step.operands[1], step.results[0])
        let bias = step.operands.count > 2 ? step.operands[2] : nil
        let (n, k) = (try builder.fixed(weight, axis: 0, step), try builder.fixed(weight, axis: 1, step))
        let type = try builder.storage(weight, step)
        let biasType = try bias.map { value throws(DeviceError) in try builder.storage(value, step) } ?? CK_F32
        let rows = try builder.rows(x, dropping: 1, step)
        return { frame, worker in
            let tokens = rows(frame.symbols)
            // Fewer features than this cost more to share out than to compute.
            let least = 32_768 / max(1, k * tokens)
            worker.ranges(n, grain: max(8, least / 8 * 8)) { range in
                ck_linear(
                    frame.floats(x),
                    Int64(k),
                    Int64(tokens),
                    Int64(k),
                    frame.pointers[weight],
                    type,
                    bias.map { UnsafeRawPointer(frame.pointers[$0]) },
                    biasType,
                    Int64(range.lowerBound),
                    Int64(range.upperBound),
                    frame.floats(y),
                    Int64(n)
                )
            }
        }
    }
}
