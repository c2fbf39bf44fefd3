import DeviceRuntime
import KongurTesting
import ReferenceBackend
import Tensors
import Testing
import XIR

@testable import XIRCompiler

@Suite struct QuantizationTests {
    private static let forms: [WeightForm] = [
        .bfloat16, .int8, .int4, .packed(.int8, group: 8), .packed(.int4, group: 8),
    ]

    private func matrix(_ rows: Int, _ columns: Int, scale: Float = 1) -> Tensor {
        var random = SeededGenerator(9)
        return Tensor(
            (0..<rows * columns).map { _ in Float.random(in: -scale...scale, using: &random) },
            [rows, columns]
        )
    }

    @Test(arguments: [127, 7], [8, 64]) func weightsAreOffByHalfAScale(largest: Int, group: Int) throws {
        for scale in [1e-9, 1e-6, 1, 1000] as [Float] {
            let matrix = matrix(5, 100, scale: scale)
            let quantized = try #require(QuantizedWeights(matrix, largest: largest, group: group))
            let (numbers, scales, values) = (quantized.numbers.floats, quantized.scales.floats, matrix.floats)
            let groups = (100 + group - 1) / group
            #expect(quantized.scales.shape == [5, groups])
            for (index, value) in values.enumerated() {
                let step = scales[index / 100 * groups + index % 100 / group]
                #expect(numbers[index].magnitude <= Float(largest))
                // Of the largest in 4 bits, a quarter of the range may be cut off.
                let bound: Float = largest == 7 && numbers[index].magnitude == 7 ? 7.0 / 3 + 0.5 : 0.5001
                #expect(abs(numbers[index] * step - value) <= step * bound)
            }
        }
    }

    @Test func whatCannotBeStoredIsRefused() {
        for bad in [Float.nan, .infinity, 1e30] {
            var values = matrix(2, 16).floats
            values[20] = bad
            #expect(QuantizedWeights(Tensor(values, [2, 16]), largest: 127, group: 8) == nil)
        }
    }

    @Test func panelsHoldTheWeights() throws {
        let matrix = matrix(40, 37)
        for (packing, largest) in [(PackedLayout.Packing.int8, 127), (.int4, 7)] {
            let quantized = try #require(QuantizedWeights(matrix, largest: largest, group: 16))
            let layout = try #require(PackedLayout(packing, features: 40, inputs: 37, group: 16))
            let panels = layout.packed([quantized.numbers, quantized.scales]) { $0 < 40 ? $0 : nil }
            let (numbers, scales) = (quantized.numbers.floats, quantized.scales.floats)
            for row in 0..<40 {
                let expected = (0..<37).map { numbers[row * 37 + $0] * scales[row * 3 + $0 / 16] }
                #expect(panels.withBytes { layout.weights(feature: row, in: $0) } == expected)
            }
        }
        let layout = try #require(PackedLayout(.bfloat16, features: 40, inputs: 37, group: 2))
        let panels = layout.packed([matrix]) { $0 < 40 ? $0 : nil }
        let rounded = matrix.floats.map { BFloat16($0).float }
        for row in 0..<40 {
            #expect(
                panels.withBytes { layout.weights(feature: row, in: $0) } == Array(rounded[row * 37..<row * 37 + 37])
            )
        }
    }

    @Test(arguments: forms) func everyMatrixIsPacked(form: WeightForm) throws {
        var options = CompilerOptions()
        options.weights = form
        let compilation = try Compiler(options: options)
            .compile(try DenseDecoder().module(), contextLength: 64, stopTokenIDs: [])
        let steps = compilation.model.program.steps.map(\.operation)
        let layer = [
            "packed_linear", "rotary_cache_write", "paged_attention", "packed_linear", "add_rms_norm", "packed_swiglu",
            "packed_linear",
        ]
        let expected =
            ["packed_embedding", "rms_norm"] + layer + ["add_rms_norm"] + layer
            + ["add_rms_norm", "gather", "packed_linear"]
        #expect(steps == expected)
        // The embedding is also the output head, and stored once.
        let names = compilation.model.program.constants.map(\.name)
        #expect(names.count { $0.hasPrefix("embed") } == 1 && Set(names).count == names.count)
        #expect(compilation.reports.flatMap(\.refusals) == [])
    }

    /// Packing keeps what quantising gave, and quantising keeps the logits as well as its bits allow.
    @Test(arguments: forms) func logitsStay(form: WeightForm) throws {
        var options = CompilerOptions()
        options.weights = form
        options.cacheElementType = .float32
        let checker = PassChecker(device: ReferenceDevice(), options: options, tokens: [3, 1, 4, 1, 5, 9, 2, 6, 5])
        var previous: Module?
        var differences: [String: Double] = [:]
        _ = try Compiler(options: options).compile(try DenseDecoder().module(), contextLength: 64, stopTokenIDs: []) {
            (pass, module) throws(CompilerError) in
            if let before = previous, pass.hasSuffix("-weights") {
                differences[pass] = try checker.check(pass, before: before, after: module)
            }
            previous = module
        }
        if case .packed(.bfloat16, _) = form {
            #expect(try #require(differences["pack-weights"]) < 5e-2)
        } else {
            #expect(try #require(differences["pack-weights"]) < 1e-6)
            let isInt4 = if case .packed(.int4, _) = form { true } else { false }
            #expect(try #require(differences["quantize-weights"]) < (isInt4 ? 0.4 : 0.05))
        }
    }
}
