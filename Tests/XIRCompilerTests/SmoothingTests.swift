import DeviceRuntime
import KongurTesting
import ReferenceBackend
import Tensors
import Testing
import XIR

@testable import XIRCompiler

/// Channels a hundred times as large as the others, as Qwen2.5 has them.
@Suite struct SmoothingTests {
    /// Channels of a single product, in the activations, the weights or both.
    @Test(arguments: [(8, 0.03), (4, 0.15)], [(100, 1), (1, 100), (100, 100)] as [(Float, Float)])
    func largeChannelsKeepTheProduct(form: (bits: Int, bound: Double), scale: (x: Float, weight: Float)) throws {
        var random = SeededGenerator(12)
        func matrix(_ rows: Int, _ columns: Int, _ scale: Float) -> Tensor {
            let values = (0..<rows * columns).map { index in
                Float.random(in: -1...1, using: &random) * ([3, 100].contains(index % columns) ? scale : 1)
            }
            return Tensor(values, [rows, columns])
        }
        let (x, weight) = (matrix(8, 256, scale.x), matrix(64, 256, scale.weight))
        var builder = FunctionBuilder("main")
        let input = builder.input("x", ValueType(x.type))
        builder.result("y", try builder.value("linear", [input, builder.constant("weight", weight.type)]))
        var module = Module()
        module.functions = [builder.function]
        module.constants = ["weight": .tensor(weight)]
        func product() throws -> [Float] {
            try Interpreter.run(module, function: "main", inputs: [x], states: []).results[0].floats
        }
        let expected = try product()
        #expect(try QuantizeWeights(bits: form.bits, group: 128).run(on: &module).rewrites == 1)
        #expect(Self.difference(try product(), expected) < form.bound)
    }

    /// A decoder whose norms, `up` and values have channels a hundred times as large, with weights as much smaller after
    /// them: it computes what it did before, and without smoothing its other channels would be lost.
    @Test(arguments: [true, false], [true, false]) func decoderWithLargeChannels(calibrated: Bool, bias: Bool) throws {
        let decoder = DenseDecoder(heads: 4, kvHeads: 2, headDim: 16, intermediate: 80, vocabulary: 60, hasBias: bias)
        let plain = try decoder.module()
        let large = Self.enlarged(plain, layers: decoder.layers)
        let tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 9, 7, 9, 32, 38, 46, 26, 43, 38]
        let expected = try Self.logits(plain, nil, tokens)
        #expect(Self.difference(try Self.logits(large, nil, tokens), expected) < 1e-5)
        var options = CompilerOptions()
        options.cacheElementType = .float32
        let ranges =
            calibrated
            ? try ActivationRanges(of: large, tokens: tokens, on: ReferenceDevice(), options: options) : nil
        func error(_ module: Module, smooths: Bool) throws -> Double {
            let pass = QuantizeWeights(bits: 8, group: 128, smooths: smooths, ranges: smooths ? ranges : nil)
            return Self.difference(try Self.logits(module, pass, tokens), expected)
        }
        let (rough, smooth, usual) = (
            try error(large, smooths: false), try error(large, smooths: true), try error(plain, smooths: false)
        )
        #expect(rough > 4 * usual)
        #expect(smooth < 1.5 * usual)
    }

    /// What is shared stays as it is; factors are powers of two, so that unquantised weights would keep their bits.
    @Test func factorsStandWhereTheyCancel() throws {
        let module = try Self.paged(Self.enlarged(DenseDecoder(layers: 1).module(), layers: 1))
        let choice = SmoothingFactors(group: 128, largest: 127)
        let smoothing = Smoothing(module.functions[0], constants: module.constants, ranges: nil, choice: choice)
        #expect(
            Set(smoothing.matrices.keys) == ["l0.q", "l0.k", "l0.v", "l0.o", "l0.gate", "l0.up", "l0.down"]
        )
        #expect(smoothing.matrices["l0.v"]?.rows != nil && smoothing.matrices["l0.v"]?.columns != nil)
        // Two norms that the products take, and the bias of the values.
        #expect(smoothing.vectors.count == 3)
        for factors in smoothing.matrices.values {
            for factor in (factors.rows ?? []) + (factors.columns ?? []) { #expect(factor.significand == 1) }
        }
    }

    /// Where no channel stands out, nothing is moved: that would only make weights coarser.
    @Test func evenChannelsAreLeftAlone() throws {
        let module = try Self.paged(DenseDecoder().module())
        let choice = SmoothingFactors(group: 128, largest: 127)
        let smoothing = Smoothing(module.functions[0], constants: module.constants, ranges: nil, choice: choice)
        #expect(smoothing.matrices.isEmpty && smoothing.vectors.isEmpty)
    }

    /// The module with some channels a hundred times as large and what takes them as much smaller.
    private static func enlarged(_ module: Module, layers: Int) -> Module {
        var module = module
        func scale(_ name: String, rows: Bool, _ channels: [Int], by factor: Float) {
            guard let tensor = module.constants[name]?.tensor else { return }
            var values = tensor.floats
            let width = tensor.shape.rank == 1 ? 1 : tensor.shape[1]
            for index in values.indices where channels.contains(rows ? index / width : index % width) {
                values[index] *= factor
            }
            module.constants[name] = .tensor(Tensor(values, tensor.shape))
        }
        for layer in 0..<layers {
            for (norm, takers) in [("norm1", ["q", "k", "v"]), ("norm2", ["gate", "up"])] {
                scale("l\(layer).\(norm)", rows: true, [2, 40], by: 128)
                for taker in takers { scale("l\(layer).\(taker)", rows: false, [2, 40], by: 1 / 128) }
            }
            scale("l\(layer).up", rows: true, [5, 50, 77], by: 128)
            scale("l\(layer).down", rows: false, [5, 50, 77], by: 1 / 128)
            // Value head 0 serves query heads 0 and 1, value head 1 the others.
            scale("l\(layer).v", rows: true, [3, 16 + 7], by: 128)
            scale("l\(layer).v.bias", rows: true, [3, 16 + 7], by: 128)
            scale("l\(layer).o", rows: false, [3, 16 + 3, 32 + 7, 48 + 7], by: 1 / 128)
        }
        return module
    }

    private static func paged(_ module: Module) throws -> Module {
        var module = module
        var options = CompilerOptions()
        options.cacheElementType = .float32
        for pipeline in [PassPipeline.recognition, .paging(options)] {
            try pipeline.run(on: &module) { (_, _, _) throws(CompilerError) in }
        }
        return module
    }

    private static func logits(_ module: Module, _ pass: QuantizeWeights?, _ tokens: [Int]) throws -> [Float] {
        var options = CompilerOptions()
        options.cacheElementType = .float32
        var module = try paged(module)
        if let pass {
            #expect(try pass.run(on: &module).refusals == [])
            try module.verify()
        }
        return try PassChecker(device: ReferenceDevice(), options: options, tokens: tokens).logits(module)
    }

    private static func difference(_ actual: [Float], _ expected: [Float]) -> Double {
        let (error, norm) = zip(actual, expected).reduce(into: (0.0, 0.0)) { sums, pair in
            sums.0 += Double(pair.0 - pair.1) * Double(pair.0 - pair.1)
            sums.1 += Double(pair.1) * Double(pair.1)
        }
        return (error / norm).squareRoot()
    }
}
