import DeviceRuntime
import ReferenceBackend
import Tensors
import Testing
import XIR
import XIRCompiler

@Suite struct CompilerTests {
    private func compile(_ decoder: DenseDecoder, _ options: CompilerOptions = CompilerOptions()) throws
        -> Compiler.Compilation
    {
        try Compiler(options: options).compile(decoder.module(), contextLength: 64, stopTokenIDs: [])
    }

    @Test(arguments: [false, true], [false, true])
    func decoderBecomesItsFusedOperations(hasBias: Bool, hasHeadNorms: Bool) throws {
        var decoder = DenseDecoder()
        decoder.hasBias = hasBias
        decoder.hasHeadNorms = hasHeadNorms
        let compilation = try compile(decoder)
        let steps = compilation.model.program.steps.map(\.operation)
        let layer = [
            "linear", "rotary_cache_write", "paged_attention", "linear", "add_rms_norm", "linear", "swiglu", "linear",
        ]
        let expected =
            ["embedding", "rms_norm"] + layer + ["add_rms_norm"] + layer + ["add_rms_norm", "gather", "linear"]
        #expect(steps == expected)
        #expect(compilation.reports.flatMap(\.refusals) == [])
    }

    @Test func weightsStayAsTheyAreStored() throws {
        var decoder = DenseDecoder()
        decoder.weightType = .bfloat16
        let program = try compile(decoder).model.program
        #expect(program.constants.filter { $0.tensor.elementType == .bfloat16 }.count == 2 * 6 + 2 + 2)
        var options = CompilerOptions()
        options.weights = .float32
        let converted = try compile(decoder, options).model.program
        #expect(converted.constants.allSatisfy { $0.tensor.elementType == .float32 })
    }
}

/// Every pass keeps what the model computes, on the reference.
@Suite struct PassCheckerTests {
    @Test(arguments: [1, 3], [false, true])
    func passesKeepTheLogits(kvHeads: Int, hasHeadNorms: Bool) throws {
        var decoder = DenseDecoder()
        decoder.kvHeads = kvHeads
        decoder.hasHeadNorms = hasHeadNorms
        var options = CompilerOptions()
        options.blockSize = 4
        options.cacheElementType = .float32
        let checker = PassChecker(device: ReferenceDevice(), options: options, tokens: [3, 1, 4, 1, 5, 9, 2, 6, 5])
        var previous: Module?
        var checked = 0
        _ = try Compiler(options: options).compile(decoder.module(), contextLength: 64, stopTokenIDs: []) {
            (pass, module) throws(CompilerError) in
            if let before = previous, before != module {
                #expect(try checker.check(pass, before: before, after: module) < 1e-5)
                checked += 1
            }
            previous = module
        }
        #expect(checked >= 8)
    }

    @Test func aWrongPassIsFound() throws {
        let module = try DenseDecoder().module()
        var wrong = module
        wrong.constants["scalar.0.353"] = .tensor(Tensor([0.5] as [Float], []))
        let checker = PassChecker(device: ReferenceDevice(), options: CompilerOptions(), tokens: [1, 2, 3])
        #expect(throws: CompilerError.self) { try checker.check("wrong", before: module, after: wrong) }
    }
}
