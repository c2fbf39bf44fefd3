import CKunlun
import DeviceRuntime
import Tensors
import XIR

extension KunlunKernels {
    static func embedding(_ step: ProgramStep, _ function: @escaping kongur_kunlun_embedding_f) -> KunlunKernel {
        KunlunKernel("kongur_kunlun_embedding") { (frame) throws(DeviceError) in
            let (ids, table) = (step.operands[0], step.operands[1])
            let (rows, width) = (try frame.extent(table, 0), try frame.extent(table, 1))
            return try frame.withIntegers(ids, in: 0..<rows) { (ids) throws(DeviceError) in
                function(
                    frame.context,
                    ids,
                    frame.halves(table),
                    Int64(rows),
                    Int64(width),
                    frame.halves(step.results[0])
                )
            }
        }
    }

    static func linear(_ step: ProgramStep, isHalf: Bool, _ function: @escaping kongur_kunlun_linear_f) -> KunlunKernel
    {
        KunlunKernel("kongur_kunlun_linear") { (frame) throws(DeviceError) in
            let (x, weight, y) = (step.operands[0], step.operands[1], step.results[0])
            return function(
                frame.context,
                frame.halves(x),
                frame.halves(weight),
                step.operands.count > 2 ? frame.floats(step.operands[2]) : nil,
                Int64(try frame.rows(x)),
                Int64(try frame.extent(weight, 0)),
                Int64(try frame.extent(weight, 1)),
                isHalf ? 0 : 1,
                frame.pointers[y]
            )
        }
    }

    static func linearInt8(_ step: ProgramStep, isHalf: Bool, _ function: @escaping kongur_kunlun_linear_int8_f)
        -> KunlunKernel
    {
        KunlunKernel("kongur_kunlun_linear_int8") { (frame) throws(DeviceError) in
            let (x, weight, y) = (step.operands[0], step.operands[1], step.results[0])
            return function(
                frame.context,
                frame.halves(x),
                frame.pointer(weight, Int8.self),
                frame.floats(step.operands[2]),
                step.operands.count > 3 ? frame.floats(step.operands[3]) : nil,
                Int64(try frame.rows(x)),
                Int64(try frame.extent(weight, 0)),
                Int64(try frame.extent(weight, 1)),
                isHalf ? 0 : 1,
                frame.pointers[y]
            )
        }
    }

    static func swiglu(_ step: ProgramStep, _ function: @escaping kongur_kunlun_swiglu_f) -> KunlunKernel {
        KunlunKernel("kongur_kunlun_swiglu") { (frame) throws(DeviceError) in
            let (x, y) = (step.operands[0], step.results[0])
            let (rows, width) = (try frame.rows(y), try frame.extent(y, -1))
            return function(frame.context, frame.halves(x), Int64(rows), Int64(width), frame.halves(y))
        }
    }

    static func add(_ step: ProgramStep, _ function: @escaping kongur_kunlun_add_f) -> KunlunKernel {
        KunlunKernel("kongur_kunlun_add") { (frame) throws(DeviceError) in
            let (x, y, z) = (step.operands[0], step.operands[1], step.results[0])
            let count = try frame.type(z).shape.elementCount
            return function(frame.context, frame.halves(x), frame.halves(y), Int64(count), frame.halves(z))
        }
    }
}
