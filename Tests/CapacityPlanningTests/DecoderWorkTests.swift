import CapacityPlanning
import Checkpoints
import DeviceRuntime
import DeviceSimulation
import Frontends
import Kongur
import KongurTesting
import Tensors
import Testing
import XIRCompiler

/// The kernels that are computed from a shape are those of the compiled program.
@Suite(.enabled(if: TinyCheckpoints.areAvailable)) struct DecoderWorkTests {
    private func program(_ checkpoint: Checkpoint, _ options: CompilerOptions) throws -> CompiledModel {
        let module = try ONNXImporter.module(from: CheckpointExporter.export(checkpoint))
        return try Compiler(options: options).compile(
            module,
            contextLength: checkpoint.configuration.contextLength,
            stopTokenIDs: []
        ).model
    }

    /// Kernels for a token with the compiler's fusions and without them.
    @Test(arguments: TinyCheckpoints.names, [true, false])
    func aTokenTakesAsManyKernelsAsInTheProgram(name: String, isFused: Bool) throws {
        let checkpoint = try Checkpoint.open(directory: TinyCheckpoints.directory(name))
        var options = CompilerOptions()
        options.fuse = isFused
        let program = try program(checkpoint, options).program
        let kernels = program.steps.map(\.operation).filter { $0 != "reshape" }
        let work = DecoderWork(DecoderShape(checkpoint.configuration), form: .float16, isFused: isFused)
        let step = work.step(.decode(batch: 1, context: 5, blockSize: 16))
        #expect(step.launches == kernels.count)
        #expect(step.kernels.map(\.name).sorted() == kernels.sorted())
    }

    /// Bytes and operations of every kernel of a program for Kunlun, and of what crosses to the device.
    @Test(arguments: TinyCheckpoints.names, [DecoderWork.Form.float16, .int8])
    func theWorkIsThatOfTheProgram(name: String, form: DecoderWork.Form) throws {
        let checkpoint = try Checkpoint.open(directory: TinyCheckpoints.directory(name))
        for (isFused, widest) in [(true, 65_536), (false, 65_536), (true, 24)] {
            var options = CompilerOptions()
            options.target = .kunlun
            options.weights = form == .int8 ? .int8 : .float16
            options.cacheElementType = .float16
            options.fuse = isFused
            options.widestProduct = widest
            let model = try program(checkpoint, options)
            let work = DecoderWork(
                DecoderShape(checkpoint.configuration),
                form: form,
                isFused: isFused,
                widestProduct: widest
            )
            #expect(work.cacheBytesPerToken * 16 == model.cache.blockByteCount)
            #expect(work.weightBytes == model.program.constants.reduce(0) { $0 + $1.tensor.byteCount })
            let expected = ProgramWork(model.program, symbols: [StepProgram.cacheBlocks: 64])
            for batch in [
                BatchShape.prefill(20, blockSize: 16), .decode(batch: 3, context: 40, blockSize: 16),
                BatchShape(
                    [BatchShape.Entry(rows: 4, context: 30), BatchShape.Entry(rows: 1, context: 9)],
                    outputs: 1,
                    table: 2
                ),
            ] {
                let (one, other) = (work.step(batch), try expected.step(batch))
                #expect(one.bytesToDevice == other.bytesToDevice && one.bytesToHost == other.bytesToHost)
                func listed(_ step: StepWork) -> [String] { step.kernels.map { "\($0)" }.sorted() }
                #expect(listed(one) == listed(other))
            }
        }
    }

    @Test func vibeThinkersWeightsAreAsManyAsPublished() {
        #expect(ArticleTable.shape.parameterCount == 1_543_714_304)
        #expect(DecoderWork(ArticleTable.shape, form: .float16).cacheBytesPerToken == 28_672)
    }
}
