import CPUBackend
import Checkpoints
import DeviceRuntime
import Foundation
import Frontends
import KongurTesting
import ModelFuzzing
import ReferenceBackend
import Tensors
import Testing
import XIRCompiler

/// Many wrong models and texts, the same on every run; scripts/fuzz-models.py tries as many as there is time for.
@Suite struct ModelFuzzingTests {
    private let seed: UInt64 = 20_261_201

    /// Tries some inputs and returns how many came how far: none of them may end the program.
    private func attempts(_ corpus: Corpus, _ count: Int) async throws -> [TrialOutcome: Int] {
        let scratch = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        var counts: [TrialOutcome: Int] = [:]
        for number in 0..<count {
            counts[try await corpus.attempt(number, seed: seed, in: scratch.path()).outcome, default: 0] += 1
            // Tests that wait for something run on the same few threads.
            await Task.yield()
        }
        return counts
    }

    @Test func wrongModelsAreRefusedOrRun() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let pebble = TinyCheckpoints.repository.appending(path: "Models/pebble").path()
        let checkpoint = try Checkpoint.open(directory: pebble)
        let module = try ONNXImporter.module(from: CheckpointExporter.export(checkpoint))
        var models: [String] = []
        for weights in [WeightForm.stored, .int8, .int4] {
            var options = CompilerOptions()
            options.weights = weights
            options.cacheElementType = weights == .stored ? .float32 : .int8
            let model = try Compiler(options: options).compile(module, contextLength: 64, stopTokenIDs: [1]).model
            let place = folder.appending(path: "\(models.count)")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try CompiledModelFile.write(model, to: place.path())
            models.append(place.path())
        }
        let corpus = Corpus(models: models, texts: [], on: try CPUDevice(threads: 1), and: ReferenceDevice())
        let counts = try await attempts(corpus, 150)
        // What never comes behind the loader shows nothing.
        #expect(counts[.ran, default: 0] > 20, "\(counts)")
        #expect(counts[.notRead, default: 0] > 20, "\(counts)")
    }

    @Test func wrongTextsAreRefusedOrRun() async throws {
        let folder = TinyCheckpoints.repository.appending(path: "Tests/XIRTests/Golden")
        let texts = try FileManager.default.contentsOfDirectory(atPath: folder.path()).filter { $0.hasSuffix(".xir") }
            .sorted().map { try String(contentsOf: folder.appending(path: $0), encoding: .utf8) }
        let corpus = Corpus(models: [], texts: texts, on: ReferenceDevice(), and: ReferenceDevice())
        let counts = try await attempts(corpus, 600)
        #expect(counts[.ran, default: 0] > 50, "\(counts)")
        #expect(counts[.notRead, default: 0] > 150, "\(counts)")
    }
}
