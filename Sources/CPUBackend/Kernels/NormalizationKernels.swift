import CKernels
import DeviceRuntime
import Tensors
import XIR

extension KernelTable {
    static let rmsNorm: Factory = { step, builder throws(DeviceError) in
        let (x, weight, y) = (step.operands[0], step.operands[1], step.results[0])
        let width = try builder.fixed(x, axis: builder.type(x).rank - 1, step)
        let type = try builder.storage(weight, step)
        let epsilon = try step.number("epsilon", builder)
        let rows = try builder.rows(x, dropping: 1, step)
        return { frame, worker in
            worker.ranges(rows(frame.symbols), grain: rowGrain(width)) { range in
                let start = range.lowerBound * width
                ck_rms_norm(
                    frame.floats(x) + start,
                    Int64(width),
                    Int64(range.count),
                    Int64(width),
                    frame.pointers[weight],
                    type,
                    epsilon,
                    frame.floats(y) + start,
                    Int64(width)
                )
            }
        }
    }

    static let addRMSNorm: Factory = { step, builder throws(DeviceError) in
        let (x, residual, weight) = (step.operands[0], step.operands[1], step.operands[2])
        let (sum, y) = (step.results[0], step.results[1])
        let width = try builder.fixed(x, axis: builder.type(x).rank - 1, step)
        let type = try builder.storage(weight, step)
        let epsilon = try step.number("epsilon", builder)
        let rows = try builder.rows(x, dropping: 1, step)
        return { frame, worker in
            worker.ranges(rows(frame.symbols), grain: rowGrain(width)) { range in
                let start = range.lowerBound * width
                ck_add_rms_norm(
                    frame.floats(x) + start,
                    frame.floats(residual) + start,
                    Int64(range.count),
                    Int64(width),
                    frame.pointers[weight],
                    type,
                    epsilon,
                    frame.floats(sum) + start,
                    frame.floats(y) + start
                )
            }
        }
    }

    static let softmax: Factory = { step, builder throws(DeviceError) in
        let (x, y) = (step.operands[0], step.results[0])
        let rank = builder.type(x).rank
        guard case .integer(let axis) = step.attributes["axis"], axis == rank - 1 || axis == -1,
            builder.type(x).elementType == .float32
        else { throw builder.unsupported(step, "softmax is over the last axis of f32") }
        let width = try builder.count(builder.type(x).extents.suffix(1), step)
        let rows = try builder.rows(x, dropping: 1, step)
        return { frame, worker in
            let width = width(frame.symbols)
            worker.ranges(rows(frame.symbols), grain: rowGrain(width)) { range in
                let start = range.lowerBound * width
                ck_softmax(frame.floats(x) + start, Int64(range.count), Int64(width), frame.floats(y) + start)
            }
        }
    }

    /// Rows of a width that are worth a thread's attention.
    static func rowGrain(_ width: Int) -> Int { max(1, 8192 / max(1, width)) }
}

extension ProgramStep {
    /// A required number among the attributes.
    func number(_ name: String, _ builder: KernelBuilder) throws(DeviceError) -> Float {
        switch attributes[name] {
        case .float(let value): return Float(value)
        case .integer(let value): return Float(value)
        default: throw builder.unsupported(self, "attribute '\(name)' must be a number")
        }
    }

    /// A required whole number among the attributes.
    func integer(_ name: String, _ builder: KernelBuilder) throws(DeviceError) -> Int {
        guard case .integer(let value) = attributes[name] else {
            throw builder.unsupported(self, "attribute '\(name)' must be a whole number")
        }
        return value
    }
}
