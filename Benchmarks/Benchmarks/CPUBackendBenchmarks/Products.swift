import CKernels
import KongurTesting
import Tensors
import XIR
import XIRCompiler
import Yardsticks

/// Matrix products with packed weights: of one row (an answer), of 16 (answers at once) and of 512 (a prompt).
func measureProducts() {
    let forms: [(String, WeightForm, ck_peak_t)] = [
        ("int8", .int8, CK_PEAK_INT8), ("int4", .int4, CK_PEAK_INT8), ("bf16", .bfloat16, CK_PEAK_BF16),
    ]
    for (features, inputs) in [(1536, 8960), (8960, 1536)] {
        for (name, form, peak) in forms {
            for rows in [1, 16, 512] {
                let product = Product(features: features, inputs: inputs, rows: rows, form: form)
                measure(
                    "\(name)-\(features)x\(inputs)-rows-\(rows)",
                    beside: .limit(bytes: product.byteCount, operations: product.operations, peak)
                ) {
                    Work(run: try product.load())
                }
            }
        }
    }
}

/// Products of the same rows with several matrices, which together are more than a cache holds, as a model's are.
private struct Product {
    let features: Int
    let inputs: Int
    let rows: Int
    let form: WeightForm

    private static let byteCount = 64 << 20

    private var layout: PackedLayout {
        guard case .packed(let packing, let group) = form,
            let layout = PackedLayout(packing, features: features, inputs: inputs, group: group)
        else { preconditionFailure("these forms are packed, in groups that a matrix may have") }
        return layout
    }

    /// A prompt's product is long enough with one.
    private var matrices: Int { rows > 100 ? 1 : (Self.byteCount - 1) / layout.type.byteCount + 1 }

    var byteCount: Int { matrices * layout.type.byteCount }
    var operations: Int { 2 * rows * features * inputs * matrices }

    func load() throws -> () throws -> Void {
        var random = SeededGenerator(1)
        var program = KernelProgram()
        let x = program.input(random.tensor([rows, inputs]))
        let weights = random.tensor([features, inputs], .bfloat16)
        for matrix in 0..<matrices {
            let weight = program.constant("w\(matrix)", weights)
            program.builder.result("y\(matrix)", try program.builder.value("linear", [x, weight]))
        }
        var options = CompilerOptions()
        options.weights = form
        let names = form == .bfloat16 ? ["pack-weights"] : ["quantize-weights", "pack-weights"]
        let loaded = try program.load(names.map { try PassPipeline.named($0, options) })
        precondition(loaded.constantByteCount == byteCount, "the matrices were not packed")
        return loaded.run
    }
}
