import Checkpoints
import Foundation
import Frontends
import KongurTesting
import ONNX
import Testing

@Suite(.enabled(if: TinyCheckpoints.areAvailable)) struct CheckpointExporterTests {
    static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("run_exported_decoder.py").path

    @Test(arguments: TinyCheckpoints.names)
    func onnxruntimeComputesWhatTransformersComputes(_ name: String) throws {
        let directory = try TinyCheckpoints.directory(name)
        let model = try CheckpointExporter.export(Checkpoint.open(directory: directory))
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("export-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("decoder.onnx").path
        try ModelWriter().write(model, to: path)
        try TinyCheckpoints.runPython([Self.script, path, directory])
        #expect(try ModelReader().read(path: path) == model)
    }

    @Test func metadataHoldsWhatTheGraphDoesNot() throws {
        let checkpoint = try Checkpoint.open(directory: TinyCheckpoints.directory("llama"))
        let metadata = try CheckpointExporter.export(checkpoint).metadata
        #expect(metadata["family"] == "llama")
        #expect(metadata["context_length"] == "512")
        #expect(metadata["stop_token_ids"] == "0,2")
        #expect(metadata["configuration_hash"] == checkpoint.configurationHash)
    }
}
