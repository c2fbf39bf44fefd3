import DeviceRuntime
import Foundation
import Frontends
import KongurTesting
import ONNX
import ReferenceBackend
import Tensors
import Testing
import XIRCompiler

/// Graphs that torch's exporters write compile to the same step programs as checkpoints do.
@Suite(.enabled(if: TinyCheckpoints.areAvailable), .serialized) struct TorchExportTests {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("export_with_torch.py").path

    @Test(arguments: ["qwen2-tied", "qwen3"]) func graphsOfTorchEqualTransformers(name: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("torch-export-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try TinyCheckpoints.runPython([Self.script, TinyCheckpoints.directory(name), folder.path])

        let prompt = try TinyCheckpoints.expected(name).logitsPromptIds
        var options = CompilerOptions()
        options.cacheElementType = .float32
        let graphs = [
            ("with-cache", 1e-4), ("with-mask", 1e-4), ("torchscript", 1e-4), ("plain-half", 2e-2),
        ]
        for (graph, tolerance) in graphs {
            let model = try ModelReader().read(path: folder.appendingPathComponent("\(graph).onnx").path)
            await GraphDamage.compileDamaged(model, times: 100)
            let module = try ONNXImporter.module(from: model)
            let compilation = try Compiler(options: options).compile(module, contextLength: 64, stopTokenIDs: [])
            let logits = try PassChecker(device: ReferenceDevice(), options: options, tokens: prompt)
                .logits(compilation.module)
            let difference = try #require(try TinyCheckpoints.difference(of: logits, name))
            #expect(difference < tolerance, "\(name) \(graph)")
            let steps = compilation.model.program.steps
            #expect(steps.count == 9 * compilation.model.cache.layers + 4, "\(name) \(graph)")
        }
    }
}
