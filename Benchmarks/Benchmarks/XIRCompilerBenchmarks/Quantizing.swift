import KongurTesting
import Tensors
import XIR
import XIRCompiler
import Yardsticks

/// A matrix of VibeThinker-1.5B's, 28 MB in bfloat16, to whole numbers.
func measureQuantizing() {
    for (name, form) in [("int8", WeightForm.int8), ("int4", .int4)] {
        measure("quantize-\(name)-1536x8960", beside: .processor) {
            let module = try moduleWithMatrix(1536, 8960)
            var options = CompilerOptions()
            options.weights = form
            let pass = try PassPipeline.named("quantize-weights", options)
            return Work {
                var quantized = module
                let outcome = try pass.run(on: &quantized)
                precondition(outcome.rewrites == 1, "the matrix was not quantised: \(outcome.refusals)")
            }
        }
    }
}

/// One product with one matrix.
private func moduleWithMatrix(_ features: Int, _ inputs: Int) throws -> Module {
    var random = SeededGenerator(1)
    var matrix = MutableTensor(TensorType(.bfloat16, [features, inputs]))
    matrix.withMutableElements(of: UInt16.self) { elements in
        for index in elements.indices {
            elements[index] = BFloat16(Float.random(in: -0.05...0.05, using: &random)).bitPattern
        }
    }
    let weights = matrix.freeze()
    var builder = FunctionBuilder("product")
    let x = builder.input("x", ValueType(.float32, ["tokens", Extent(inputs)]))
    let weight = builder.constant("weight", weights.type)
    builder.result("y", try builder.value("linear", [x, weight]))
    return Module(functions: [builder.function], constants: ["weight": .tensor(weights)])
}
