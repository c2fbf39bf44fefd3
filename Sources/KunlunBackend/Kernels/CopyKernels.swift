import CKunlun
import DeviceRuntime
import Tensors
import XIR

extension KunlunKernels {
    static func gather(_ step: ProgramStep, _ function: @escaping kongur_kunlun_gather_f) -> KunlunKernel {
        KunlunKernel("kongur_kunlun_gather") { (frame) throws(DeviceError) in
            let (x, y) = (step.operands[0], step.results[0])
            let (rows, width) = (try frame.extent(x, 0), try frame.extent(x, 1))
            return try frame.withIntegers(step.operands[1], in: 0..<rows) { (indices) throws(DeviceError) in
                function(frame.context, frame.halves(x), Int64(rows), Int64(width), indices, frame.halves(y))
            }
        }
    }

    /// Operands side by side along the last axis, each copied in turn; nil along other axes.
    static func concat(_ step: ProgramStep, _ program: Program, _ function: @escaping kongur_kunlun_copy_rows_f)
        -> KunlunKernel?
    {
        let result = program.values[step.results[0]].type
        guard [result.rank - 1, -1].contains(step.integer("axis")) else { return nil }
        let size = result.elementType.byteCount
        return KunlunKernel("kongur_kunlun_copy_rows") { (frame) throws(DeviceError) in
            let y = step.results[0]
            let (rows, stride) = (try frame.rows(y), try frame.extent(y, -1) * size)
            var offset = 0
            for x in step.operands {
                let bytes = try frame.extent(x, -1) * size
                let target = frame.pointers[y] + offset
                let answer = function(
                    frame.context,
                    frame.pointers[x],
                    Int64(bytes),
                    target,
                    Int64(stride),
                    Int64(rows),
                    Int64(bytes)
                )
                guard answer == KONGUR_KUNLUN_OK else { return answer }
                offset += bytes
            }
            return KONGUR_KUNLUN_OK
        }
    }

    /// A range of the last axis; nil along other axes, or where the range is not fixed.
    static func slice(_ step: ProgramStep, _ program: Program, _ function: @escaping kongur_kunlun_copy_rows_f)
        -> KunlunKernel?
    {
        let type = program.values[step.operands[0]].type
        guard [type.rank - 1, -1].contains(step.integer("axis")), let start = fixedStart(step) else { return nil }
        let size = type.elementType.byteCount
        return KunlunKernel("kongur_kunlun_copy_rows") { (frame) throws(DeviceError) in
            let (x, y) = (step.operands[0], step.results[0])
            let bytes = try frame.extent(y, -1) * size
            return function(
                frame.context,
                frame.pointers[x] + start * size,
                Int64(try frame.extent(x, -1) * size),
                frame.pointers[y],
                Int64(bytes),
                Int64(try frame.rows(x)),
                Int64(bytes)
            )
        }
    }

    private static func fixedStart(_ step: ProgramStep) -> Int? {
        switch step.attributes["start"] {
        case .extents(let extents): extents.first?.fixed
        case .integers(let integers): integers.first
        default: nil
        }
    }
}
