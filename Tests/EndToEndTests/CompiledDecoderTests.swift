import CPUBackend
import DeviceRuntime
import KongurTesting
import ReferenceBackend
import Tensors
import Testing
import XIR
import XIRCompiler

/// From a checkpoint that transformers wrote, through ONNX and XIR, to the logits that transformers computes.
@Suite(.enabled(if: TinyCheckpoints.areAvailable)) struct CompiledDecoderTests {
    private func difference(_ name: String, _ device: any Device, _ options: CompilerOptions) throws -> Double {
        let compilation = try TinyCheckpoints.compile(name, options)
        let prompt = try TinyCheckpoints.expected(name).logitsPromptIds
        let logits = try PassChecker(device: device, options: options, tokens: prompt).logits(compilation.module)
        return try #require(try TinyCheckpoints.difference(of: logits, name))
    }

    private var fullPrecision: CompilerOptions {
        var options = CompilerOptions()
        options.weights = .float32
        options.cacheElementType = .float32
        return options
    }

    @Test(arguments: TinyCheckpoints.names)
    func referenceEqualsTransformers(name: String) throws {
        #expect(try difference(name, ReferenceDevice(), fullPrecision) < 1e-4)
    }

    @Test(arguments: TinyCheckpoints.names)
    func processorEqualsTransformers(name: String) throws {
        #expect(try difference(name, try CPUDevice(threads: 2), fullPrecision) < 1e-4)
    }

    @Test(arguments: TinyCheckpoints.names)
    func storedWeightsAndHalfPrecisionCacheStayClose(name: String) throws {
        #expect(try difference(name, try CPUDevice(threads: 2), CompilerOptions()) < 1e-2)
    }

    /// Few bits cost what they must (random weights magnify it), and the processor gives what the reference gives.
    @Test(arguments: TinyCheckpoints.names, [WeightForm.bfloat16, .int8, .int4])
    func quantisedWeightsStayClose(name: String, form: WeightForm) throws {
        var options = fullPrecision
        options.weights = form
        let bound =
            switch form {
            case .packed(.int4, _): 1.0
            case .packed(.int8, _): 0.2
            default: 0.05
            }
        let lost = try difference(name, try CPUDevice(threads: 2), options)
        #expect(lost < bound)
        let module = try TinyCheckpoints.compile(name, options).module
        let prompt = try TinyCheckpoints.expected(name).logitsPromptIds
        let expected = try PassChecker(device: ReferenceDevice(), options: options, tokens: prompt).logits(module)
        let logits = try PassChecker(device: try CPUDevice(threads: 2), options: options, tokens: prompt).logits(module)
        let (error, norm) = zip(logits, expected).reduce(into: (0.0, 0.0)) { sums, pair in
            sums.0 += Double(pair.0 - pair.1) * Double(pair.0 - pair.1)
            sums.1 += Double(pair.1) * Double(pair.1)
        }
        #expect((error / norm).squareRoot() < 2e-2)
    }

    @Test(arguments: TinyCheckpoints.names)
    func everyLayerIsFused(name: String) throws {
        let compilation = try TinyCheckpoints.compile(name, CompilerOptions())
        let layers = compilation.model.cache.layers
        let steps = compilation.model.program.steps
        #expect(steps.count == 9 * layers + 4)
        #expect(steps.count { $0.operation == "rotary_cache_write" } == layers)
        #expect(compilation.reports.flatMap(\.refusals) == [])
    }
}
