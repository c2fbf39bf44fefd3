package import Tensors
package import XIR

/// Stores weights in another floating-point element type.
///
/// To float32 every constant: the way to run a bf16 checkpoint in full precision. To float16 the matrices of products and
/// look-ups; one with numbers that float16 does not reach is refused and stays as it is.
package struct ConvertWeights: Pass {
    package let name = "convert-weights"
    let elementType: ElementType

    /// `elementType` is float32 or float16.
    package init(to elementType: ElementType) {
        self.elementType = elementType
    }

    package func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        guard [.float32, .float16].contains(elementType) else {
            throw CompilerError(
                .unsupportedOperation,
                "weights can be converted to f32 and f16 only, not to \(elementType.rawValue)"
            )
        }
        var outcome = PassOutcome()
        let matrices = elementType == .float16 ? Self.matrices(module) : nil
        for (name, constant) in module.constants where matrices?.contains(name) ?? true {
            guard let tensor = constant.tensor, tensor.elementType.isFloatingPoint, tensor.elementType != elementType
            else { continue }
            if elementType == .float32 {
                module.constants[name] = .tensor(Tensor(tensor.floats, tensor.shape))
            } else if let half = Self.half(tensor) {
                module.constants[name] = .tensor(half)
            } else {
                outcome.refuse("'\(name)' has numbers that are too large for float16")
                continue
            }
            outcome.rewrites += 1
        }
        for index in module.functions.indices {
            for operation in module.functions[index].operations where operation.name == "constant" {
                guard let name = operation.string("name"), let type = module.constants[name]?.type else { continue }
                module.functions[index][operation.results[0]].type = ValueType(type)
            }
        }
        return outcome
    }

    /// The names of matrices that products and look-ups read.
    private static func matrices(_ module: Module) -> Set<String> {
        var names: Set<String> = []
        for function in module.functions {
            let readers = function.operations.filter { ["linear", "embedding"].contains($0.name) }
            let read = Set(readers.map { $0.operands[1] })
            for operation in function.operations
            where operation.name == "constant" && read.contains(operation.results[0]) {
                if let name = operation.string("name") { names.insert(name) }
            }
        }
        return names
    }

    /// A matrix in float16, to nearest; nil when a number becomes infinite.
    ///
    /// Row by row, so that no copy in f32 is made.
    private static func half(_ matrix: Tensor) -> Tensor? {
        let columns = matrix.shape[1]
        var half = MutableTensor(TensorType(.float16, matrix.shape))
        var row = [Float](repeating: 0, count: columns)
        let isSound = half.withMutableElements(of: UInt16.self) { half in
            for r in 0..<matrix.shape[0] {
                matrix.copyRow(r, to: &row)
                for c in 0..<columns {
                    let bits = Half.bitPattern(row[c])
                    // All ones in the exponent: infinite, or no number.
                    if bits & 0x7C00 == 0x7C00 { return false }
                    half[r * columns + c] = bits
                }
            }
            return true
        }
        guard isSound else { return nil }
        matrix.discard()
        return half.freeze()
    }
}
