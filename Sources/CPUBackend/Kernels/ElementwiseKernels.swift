import CKernels
import DeviceRuntime
import Tensors
import XIR

extension KernelTable {
    static let swiglu: Factory = { step, builder throws(DeviceError) in
        let (gate, y) = (step.operands[0], step.results[0])
        let up = step.operands.count > 1 ? step.operands[1] : nil
        let width = try builder.fixed(y, axis: builder.type(y).rank - 1, step)
        let stride = up == nil ? 2 * width : width
        let rows = try builder.rows(y, dropping: 1, step)
        return { frame, worker in
            let gates = frame.floats(gate)
            let ups = up.map { frame.floats($0) } ?? gates + width
            worker.ranges(rows(frame.symbols), grain: rowGrain(width)) { range in
                let start = range.lowerBound * stride
                ck_swiglu(
                    gates + start,
                    Int64(stride),
                    ups + start,
                    Int64(stride),
                    Int64(range.count),
                    Int64(width),
                    frame.floats(y) + range.lowerBound * width,
                    Int64(width)
                )
            }
        }
    }

    static let silu = unary { ck_silu($0, $1, $2) }
    static let exponential = unary { ck_exp($0, $1, $2) }
    static let add = binary { ck_add($0, $1, $2, $3) }
    static let subtract = binary { ck_subtract($0, $1, $2, $3) }
    static let multiply = binary { ck_multiply($0, $1, $2, $3) }
    static let divide = binary { ck_divide($0, $1, $2, $3) }

    private typealias Unary = @Sendable (UnsafePointer<Float>, Int64, UnsafeMutablePointer<Float>) -> Void
    private typealias Binary =
        @Sendable (UnsafePointer<Float>, UnsafePointer<Float>, Int64, UnsafeMutablePointer<Float>) -> Void

    private static func unary(_ body: @escaping Unary) -> Factory {
        { step, builder throws(DeviceError) in
            let (x, y) = (step.operands[0], step.results[0])
            guard builder.type(x).elementType == .float32 else { throw builder.unsupported(step, "x must be f32") }
            let count = try builder.rows(x, dropping: 0, step)
            return { frame, worker in
                worker.ranges(count(frame.symbols), grain: 4096) { range in
                    body(frame.floats(x) + range.lowerBound, Int64(range.count), frame.floats(y) + range.lowerBound)
                }
            }
        }
    }

    /// Operands of the same shape, or a second one that repeats along the leading axes.
    private static func binary(_ body: @escaping Binary) -> Factory {
        { step, builder throws(DeviceError) in
            let (x, y, z) = (step.operands[0], step.operands[1], step.results[0])
            let (xType, yType) = (builder.type(x), builder.type(y))
            guard xType.elementType == .float32, xType == builder.type(z),
                Array(xType.extents.suffix(yType.rank)) == yType.extents
            else {
                throw builder.unsupported(step, "operands must be f32, the second as the last axes of the first")
            }
            let repeats = try builder.rows(x, dropping: yType.rank, step)
            let count = try builder.rows(y, dropping: 0, step)
            return { frame, worker in
                let (repeats, count) = (repeats(frame.symbols), count(frame.symbols))
                if repeats == 1 {
                    worker.ranges(count, grain: 4096) { range in
                        let start = range.lowerBound
                        body(
                            frame.floats(x) + start,
                            frame.floats(y) + start,
                            Int64(range.count),
                            frame.floats(z) + start
                        )
                    }
                } else {
                    worker.ranges(repeats, grain: rowGrain(count)) { range in
                        for row in range {
                            let start = row * count
                            body(frame.floats(x) + start, frame.floats(y), Int64(count), frame.floats(z) + start)
                        }
                    }
                }
            }
        }
    }
}
