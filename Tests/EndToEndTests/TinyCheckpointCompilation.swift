import Checkpoints
import Frontends
import KongurTesting
import XIRCompiler

extension TinyCheckpoints {
    /// A checkpoint compiled for its whole context.
    static func compile(_ name: String, _ options: CompilerOptions) throws -> Compiler.Compilation {
        let checkpoint = try Checkpoint.open(directory: TinyCheckpoints.directory(name))
        let module = try ONNXImporter.module(from: CheckpointExporter.export(checkpoint))
        return try Compiler(options: options).compile(
            module,
            contextLength: checkpoint.configuration.contextLength,
            stopTokenIDs: []
        )
    }
}
