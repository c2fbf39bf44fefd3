import CKernels
import DeviceRuntime
import Tensors
import XIR

extension KernelTable {
    /// `rms_norm` and `add_rms_norm`: a step of its own, or the beginning of the product that alone takes the result.
    static let rmsNorm: Factory = { step, builder throws(DeviceError) in
        let norm = try RowNorm(step, builder)
        if builder.leave(norm) { return nil }
        let rows = try builder.rows(norm.x, dropping: 1, step)
        return { frame, worker in
            worker.ranges(rows(frame.symbols), grain: rowGrain(norm.width)) { norm.run(frame, $0) }
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

/// The normalisation of rows, with the residual added first if there is one.
struct RowNorm {
    let x: Int
    let y: Int
    let width: Int
    private let residual: Int?
    private let sum: Int?
    private let weight: Int
    private let type: ck_type_t
    private let epsilon: Float

    init(_ step: ProgramStep, _ builder: KernelBuilder) throws(DeviceError) {
        let adds = step.operation == "add_rms_norm"
        x = step.operands[0]
        residual = adds ? step.operands[1] : nil
        weight = step.operands[adds ? 2 : 1]
        sum = adds ? step.results[0] : nil
        y = step.results[adds ? 1 : 0]
        width = try builder.fixed(x, axis: builder.type(x).rank - 1, step)
        type = try builder.storage(weight, step)
        epsilon = try step.number("epsilon", builder)
    }

    /// Normalises some rows.
    func run(_ frame: Frame, _ rows: Range<Int>) {
        let start = rows.lowerBound * width
        let (x, y, weight) = (frame.floats(x) + start, frame.floats(y) + start, frame.pointers[weight])
        if let residual, let sum {
            ck_add_rms_norm(
                x,
                frame.floats(residual) + start,
                Int64(rows.count),
                Int64(width),
                weight,
                type,
                epsilon,
                frame.floats(sum) + start,
                y
            )
        } else {
            ck_rms_norm(x, Int64(width), Int64(rows.count), Int64(width), weight, type, epsilon, y, Int64(width))
        }
    }
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
