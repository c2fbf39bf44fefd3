import CPUBackend
import DeviceRuntime
import KongurTesting
import Tensors
import XIR
import XIRCompiler

/// A function of some operations, made ready for the processor as the compiler does it.
struct KernelProgram {
    var builder = FunctionBuilder("kernel")
    private var inputs: [Tensor] = []
    private var constants: [String: Constant] = [:]

    /// An input, which is `tensor` in every run.
    mutating func input(_ tensor: Tensor) -> ValueID {
        inputs.append(tensor)
        return builder.input("x\(inputs.count)", ValueType(tensor.type))
    }

    mutating func constant(_ name: String, _ tensor: Tensor) -> ValueID {
        constants[name] = .tensor(tensor)
        return builder.constant(name, tensor.type)
    }

    /// The run of the program on one thread, after these passes, and the bytes of its constants.
    func load(_ passes: [any Pass] = []) throws -> (run: () throws -> Void, constantByteCount: Int) {
        var module = Module(functions: [builder.function], constants: constants)
        for pass in passes { _ = try pass.run(on: &module) }
        let program = try ProgramEmitter.emit(module.functions[0], constants: module.constants, limits: [:])
        let executable = try CPUDevice(threads: 1).load(program, symbols: [:])
        let inputs = inputs
        return ({ _ = try executable.run(inputs) }, program.constants.reduce(0) { $0 + $1.tensor.byteCount })
    }
}

extension SeededGenerator {
    /// Numbers from -1 to 1, as float32, float16 or bfloat16.
    mutating func tensor(_ shape: Shape, _ type: ElementType = .float32) -> Tensor {
        var tensor = MutableTensor(TensorType(type, shape))
        if type == .float32 {
            tensor.withMutableElements(of: Float.self) { elements in
                for index in elements.indices { elements[index] = number() }
            }
        } else {
            tensor.withMutableElements(of: UInt16.self) { elements in
                for index in elements.indices {
                    let number = number()
                    elements[index] = type == .float16 ? Half.bitPattern(number) : BFloat16(number).bitPattern
                }
            }
        }
        return tensor.freeze()
    }

    private mutating func number() -> Float { Float(Int32(truncatingIfNeeded: next())) * 0x1p-31 }
}
