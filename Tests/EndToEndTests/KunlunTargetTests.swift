import CPUBackend
import DeviceRuntime
import KongurTesting
import ReferenceBackend
import Tensors
import Testing
import XIR
import XIRCompiler

/// Programs for Kunlun's operator library, run on the reference: what they lose is what f16 and int8 must lose.
@Suite(.enabled(if: TinyCheckpoints.areAvailable)) struct KunlunTargetTests {
    private func options(_ form: WeightForm, _ target: Target = .kunlun) -> CompilerOptions {
        var options = CompilerOptions()
        options.target = target
        options.weights = form
        if target == .cpu { options.cacheElementType = .float32 }
        return options
    }

    private func logits(_ name: String, _ options: CompilerOptions) throws -> [Float] {
        let prompt = try TinyCheckpoints.expected(name).logitsPromptIds
        let module = try TinyCheckpoints.compile(name, options).module
        return try PassChecker(device: ReferenceDevice(), options: options, tokens: prompt).logits(module)
    }

    /// The largest f16 and int8 errors, relative to the logits of the f32 program.
    @Test(arguments: TinyCheckpoints.names, [WeightForm.float16, .int8])
    func logitsStayClose(name: String, form: WeightForm) throws {
        let exact = try logits(name, options(.float32, .cpu))
        let kunlun = try logits(name, options(form))
        let (error, norm) = zip(kunlun, exact).reduce(into: (0.0, 0.0)) { sums, pair in
            sums.0 += Double(pair.0 - pair.1) * Double(pair.0 - pair.1)
            sums.1 += Double(pair.1) * Double(pair.1)
        }
        #expect((error / norm).squareRoot() < (form == .float16 ? 1e-2 : 0.2))
    }

    @Test(arguments: TinyCheckpoints.names, [WeightForm.float16, .int8])
    func everythingIsHalfButIndicesVectorsAndLogits(name: String, form: WeightForm) throws {
        let compilation = try TinyCheckpoints.compile(name, options(form))
        let program = compilation.model.program
        #expect(compilation.model.cache.elementType == .float16)
        for (number, value) in program.values.enumerated() where value.type.elementType.isFloatingPoint {
            guard case .arena = value.place else { continue }
            let isLogits = program.outputs.contains(number)
            #expect(value.type.elementType == (isLogits ? .float32 : .float16), "value \(number): \(value.type)")
        }
        let products = program.steps.filter { ["linear", "quantized_linear"].contains($0.operation) }
        let expected = form == .float16 ? "linear" : "quantized_linear"
        #expect(Set(products.map(\.operation)) == [expected])
        #expect(products.count == 4 * compilation.model.cache.layers + 1)
        for step in program.steps where step.operation == "embedding" {
            #expect(program.values[step.operands[1]].type.elementType == .float16)
        }
        #expect(compilation.reports.flatMap(\.refusals) == [])
    }

    /// The split head gives the same numbers, whether tied to the embedding or not.
    @Test(arguments: TinyCheckpoints.names, [WeightForm.float16, .int8])
    func aSplitHeadGivesTheSameLogits(name: String, form: WeightForm) throws {
        var split = options(form)
        split.widestProduct = 24
        let program = try TinyCheckpoints.compile(name, split).model.program
        let steps = program.steps
        #expect(steps.contains { $0.operation == "concat" })
        for step in steps where ["linear", "quantized_linear"].contains(step.operation) {
            let width = program.values[step.results[0]].type.extents.last?.fixed
            #expect(try #require(width) <= 24)
        }
        #expect(try logits(name, split) == logits(name, options(form)))
    }

    @Test(arguments: TinyCheckpoints.names) func unfusedProgramsAreLegalToo(name: String) throws {
        var unfused = options(.float16)
        unfused.fuse = false
        let (plain, fused) = (try logits(name, unfused), try logits(name, options(.float16)))
        for (left, right) in zip(plain, fused) { #expect(abs(left - right) <= 0.03 * max(1, abs(right))) }
    }

    @Test func theProcessorRefusesAProgramForKunlun() throws {
        let program = try TinyCheckpoints.compile(TinyCheckpoints.names[0], options(.float16)).model.program
        let failure = #expect(throws: DeviceError.self) {
            _ = try CPUDevice(threads: 1).load(program, symbols: [StepProgram.cacheBlocks: 4])
        }
        #expect(failure?.code == .unsupported)
        #expect(failure?.message.contains("--target kunlun") == true)
    }

    @Test(arguments: [WeightForm.float32, .bfloat16, .int4])
    func otherWeightsAreRefused(form: WeightForm) throws {
        let failure = #expect(throws: CompilerError.self) {
            _ = try TinyCheckpoints.compile(TinyCheckpoints.names[0], options(form))
        }
        #expect(failure?.code == .unsupportedOperation)
    }
}
