import Checkpoints
import Frontends
import KongurTesting
import Testing

/// The graphs that we write ourselves, damaged.
@Suite(.enabled(if: TinyCheckpoints.areAvailable)) struct DamagedGraphTests {
    @Test(arguments: ["qwen2-tied", "llama"]) func damageIsRefusedAndNeverTraps(name: String) async throws {
        let checkpoint = try Checkpoint.open(directory: TinyCheckpoints.directory(name))
        await GraphDamage.compileDamaged(try CheckpointExporter.export(checkpoint), times: 400)
    }
}
