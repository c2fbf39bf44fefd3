import CKunlun
import DeviceRuntime
import Tensors
import XIR

/// One step of a program as a call of the operator library; answers what the library answers.
struct KunlunKernel {
    /// The function, for messages.
    let name: StaticString
    let body: (KunlunFrame) throws(DeviceError) -> Int32

    init(_ name: StaticString, _ body: @escaping (KunlunFrame) throws(DeviceError) -> Int32) {
        self.name = name
        self.body = body
    }

    /// Runs under the watch of the device's thread.
    func run(_ frame: KunlunFrame, _ session: KunlunSession) throws(DeviceError) -> Int32 {
        session.thread.begin(name)
        defer { session.thread.end() }
        return try body(frame)
    }
}

/// Which function of the operator library runs which step.
enum KunlunKernels {
    /// The kernel of each step, nil for those that the CPU must run.
    ///
    /// Throws `.unsupported` naming every operation without one where the CPU may not.
    static func kernels(for program: Program, _ operators: KunlunOperators?, allowsFallback: Bool) throws(DeviceError)
        -> [KunlunKernel?]
    {
        let kernels = program.steps.map { step in operators.flatMap { kernel(step, program, $0) } }
        guard !allowsFallback else { return kernels }
        var missing: [String] = []
        for (step, kernel) in zip(program.steps, kernels) where kernel == nil {
            let types = step.operands.map { program.values[$0].type.description }.joined(separator: ", ")
            let text = "'\(step.operation)' of (\(types))"
            if !missing.contains(text) { missing.append(text) }
        }
        guard missing.isEmpty else {
            throw DeviceError(
                .unsupported,
                "the operator library does not have \(missing.joined(separator: "; ")), and --no-fallback forbids the CPU to run them: compile the model with --target kunlun, or build an operator library that has them"
            )
        }
        return kernels
    }

    private static func kernel(_ step: ProgramStep, _ program: Program, _ operators: KunlunOperators) -> KunlunKernel? {
        func type(_ position: Int) -> ElementType { program.values[step.operands[position]].type.elementType }
        let result = program.values[step.results[0]].type
        let isHalf = result.elementType == .float16
        // Operands of other types than the interface has go to the CPU.
        switch step.operation {
        case "embedding" where type(1) == .float16 && isHalf: return operators.embedding.map { embedding(step, $0) }
        case "linear" where type(0) == .float16 && type(1) == .float16 && hasFloats(step, from: 2, program):
            return operators.linear.map { linear(step, isHalf: isHalf, $0) }
        case "quantized_linear" where type(0) == .float16 && type(2) == .float32 && hasFloats(step, from: 3, program):
            guard let inputs = program.values[step.operands[1]].type.extents[1].fixed,
                step.attributes["group"] == .integer(inputs)
            else { return nil }
            return operators.linearInt8.map { linearInt8(step, isHalf: isHalf, $0) }
        case "rms_norm" where isHalf && type(1) == .float32: return operators.rmsNorm.map { rmsNorm(step, $0) }
        case "add_rms_norm" where isHalf && type(2) == .float32:
            return operators.addRMSNorm.map { addRMSNorm(step, $0) }
        case "rotary_cache_write" where isHalf && type(4) == .float16 && hasFloats(step, from: 6, program):
            return operators.rotaryCacheWrite.map { rotaryCacheWrite(step, $0) }
        case "paged_attention" where isHalf && type(1) == .float16:
            return operators.pagedAttention.map { pagedAttention(step, $0) }
        case "swiglu" where isHalf && step.operands.count == 1: return operators.swiglu.map { swiglu(step, $0) }
        case "gather" where isHalf && result.rank == 2 && step.attributes["axis"] == .integer(0):
            guard program.values[step.operands[0]].type.rank == 2 else { return nil }
            return operators.gather.map { gather(step, $0) }
        case "concat": return operators.copyRows.flatMap { concat(step, program, $0) }
        case "slice": return operators.copyRows.flatMap { slice(step, program, $0) }
        case "add" where isHalf && program.values[step.operands[0]].type == program.values[step.operands[1]].type:
            return operators.add.map { add(step, $0) }
        default: return nil
        }
    }

    /// Whether the operands from a position on are f32.
    private static func hasFloats(_ step: ProgramStep, from position: Int, _ program: Program) -> Bool {
        step.operands.dropFirst(position).allSatisfy { program.values[$0].type.elementType == .float32 }
    }
}

extension ProgramStep {
    /// A number among the attributes; 0 where it is left out.
    func number(_ name: String) -> Float {
        switch attributes[name] {
        case .float(let value): Float(value)
        case .integer(let value): Float(value)
        default: 0
        }
    }

    func integer(_ name: String) -> Int {
        if case .integer(let value) = attributes[name] { value } else { 0 }
    }
}
