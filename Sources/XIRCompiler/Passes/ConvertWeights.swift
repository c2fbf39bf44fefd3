package import Tensors
package import XIR

/// Stores floating-point constants in another element type.
package struct ConvertWeights: Pass {
    package let name = "convert-weights"
    let elementType: ElementType

    /// `elementType` is float32: the way to run a bf16 checkpoint in full precision.
    package init(to elementType: ElementType) {
        self.elementType = elementType
    }

    package func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        guard elementType == .float32 else {
            throw CompilerError(
                .unsupportedOperation,
                "weights can be converted to f32 only, not to \(elementType.rawValue)"
            )
        }
        var outcome = PassOutcome()
        for (name, constant) in module.constants {
            guard let tensor = constant.tensor, tensor.elementType.isFloatingPoint, tensor.elementType != elementType
            else { continue }
            module.constants[name] = .tensor(Tensor(tensor.floats, tensor.shape))
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
}
