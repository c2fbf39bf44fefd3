import CKunlun
import DeviceRuntime
import Tensors
import XIR

extension KunlunKernels {
    static func rmsNorm(_ step: ProgramStep, _ function: @escaping kongur_kunlun_rms_norm_f) -> KunlunKernel {
        KunlunKernel("kongur_kunlun_rms_norm") { (frame) throws(DeviceError) in
            let (x, y) = (step.operands[0], step.results[0])
            let (rows, width) = (try frame.rows(x), try frame.extent(x, -1))
            return function(
                frame.context,
                frame.halves(x),
                frame.floats(step.operands[1]),
                Int64(rows),
                Int64(width),
                step.number("epsilon"),
                frame.halves(y)
            )
        }
    }

    static func addRMSNorm(_ step: ProgramStep, _ function: @escaping kongur_kunlun_add_rms_norm_f) -> KunlunKernel {
        KunlunKernel("kongur_kunlun_add_rms_norm") { (frame) throws(DeviceError) in
            let x = step.operands[0]
            let (rows, width) = (try frame.rows(x), try frame.extent(x, -1))
            return function(
                frame.context,
                frame.halves(x),
                frame.halves(step.operands[1]),
                frame.floats(step.operands[2]),
                Int64(rows),
                Int64(width),
                step.number("epsilon"),
                frame.halves(step.results[0]),
                frame.halves(step.results[1])
            )
        }
    }
}
