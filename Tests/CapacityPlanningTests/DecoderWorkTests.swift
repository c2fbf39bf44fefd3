import CapacityPlanning
import Checkpoints
import DeviceRuntime
import DeviceSimulation
import Frontends
import KongurTesting
import Testing
import XIRCompiler

/// The kernels that are computed from a shape are those of the compiled program.
@Suite(.enabled(if: TinyCheckpoints.areAvailable)) struct DecoderWorkTests {
    private func shape(_ configuration: ModelConfiguration) -> DecoderShape {
        DecoderShape(
            vocabulary: configuration.vocabularySize,
            hidden: configuration.hiddenSize,
            intermediate: configuration.intermediateSize,
            layers: configuration.layerCount,
            heads: configuration.headCount,
            keyValueHeads: configuration.keyValueHeadCount,
            headDim: configuration.headDim,
            contextLength: configuration.contextLength,
            tiesEmbeddings: configuration.tiesWordEmbeddings,
            hasQueryKeyValueBias: configuration.hasQueryKeyValueBias,
            hasAttentionOutputBias: configuration.hasAttentionOutputBias,
            hasMLPBias: configuration.hasMLPBias,
            hasQueryKeyNorm: configuration.hasQueryKeyNorm
        )
    }

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
        let work = DecoderWork(shape(checkpoint.configuration), form: .float16, isFused: isFused)
        let step = work.step(.decode(batch: 1, context: 5, blockSize: 16))
        #expect(step.launches == kernels.count)
        #expect(step.kernels.map(\.name).sorted() == kernels.sorted())
    }

    @Test func vibeThinkersWeightsAreAsManyAsPublished() {
        #expect(ArticleTable.shape.parameterCount == 1_543_714_304)
        #expect(DecoderWork(ArticleTable.shape, form: .float16).cacheBytesPerToken == 28_672)
    }
}
