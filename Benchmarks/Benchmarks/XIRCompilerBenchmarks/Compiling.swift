import Checkpoints
import Foundation
import Frontends
import ONNX
import XIRCompiler
import Yardsticks

/// The bundled model, a decoder of four layers, from its checkpoint to the program.
func measureCompiling() {
    let folder = URL(fileURLWithPath: #filePath + "/../../../../Models/pebble").standardizedFileURL.path
    measure("compile-pebble", beside: .processor) {
        let graph = try CheckpointExporter.export(Checkpoint.open(directory: folder))
        return Work {
            let module = try ONNXImporter.module(from: graph)
            _ = try Compiler().compile(module, contextLength: 1024, stopTokenIDs: [])
        }
    }
}
