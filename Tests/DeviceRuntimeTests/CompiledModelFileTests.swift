import DeviceRuntime
import Foundation
import Tensors
import Testing
import XIR

@Suite struct CompiledModelFileTests {
    private static func model() -> CompiledModel {
        let program = Program(
            name: "step",
            values: [
                ProgramValue(ValueType(.int32, ["tokens"]), .input(0)),
                ProgramValue(ValueType(.float32, [5, 3]), .constant(0)),
                ProgramValue(ValueType(.float32, ["tokens", 3]), .arena(offset: 0)),
                ProgramValue(ValueType(.float32, [3]), .constant(1)),
                ProgramValue(ValueType(.float32, ["tokens", 3]), .arena(offset: 128)),
            ],
            inputs: [0],
            outputs: [4],
            inputNames: ["token_ids"],
            outputNames: ["logits"],
            constants: [
                ProgramConstant("table", Tensor((0..<15).map { Float($0) }, [5, 3])),
                ProgramConstant("norm", Tensor([1, 2, 3] as [Float], [3])),
            ],
            steps: [
                ProgramStep("embedding", [0, 1], results: [2]),
                ProgramStep("rms_norm", [2, 3], results: [4], attributes: ["epsilon": .float(1e-6)]),
            ],
            limits: ["tokens": 8],
            arenaByteCount: 256
        )
        return CompiledModel(
            program: program,
            cache: KVCacheLayout(layers: 1, kvHeads: 1, headDim: 8, blockSize: 16, elementType: .float16),
            vocabularySize: 3,
            contextLength: 64,
            stopTokenIDs: [2, 1]
        )
    }

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path())
    }

    @Test func modelRoundTrips() throws {
        try withFolder { folder in
            try CompiledModelFile.write(Self.model(), to: folder)
            let read = try CompiledModelFile.read(from: folder)
            #expect(read.program == Self.model().program)
            #expect(read.cache == Self.model().cache)
            #expect(read.stopTokenIDs == [1, 2])
        }
    }

    /// Answers that are kept belong to a model by its digest.
    @Test func digestsTellModelsApart() throws {
        let model = Self.model()
        let digest = try ModelDigest.of(model)
        try withFolder { folder in
            try CompiledModelFile.write(model, to: folder)
            var read = try CompiledModelFile.read(from: folder)
            #expect(read.weightsDigest != nil)
            #expect(try ModelDigest.of(read) == digest)
            // As a file of an older version.
            read.weightsDigest = nil
            #expect(try ModelDigest.of(read) == digest)
        }
        var others = [model, model, model, model]
        others[0].program.constants[1] = ProgramConstant("norm", Tensor([1, 2, 4] as [Float], [3]))
        others[1].program.steps[1].attributes["epsilon"] = .float(1e-5)
        others[2].contextLength = 65
        others[3].cache.elementType = .float32
        for other in others { #expect(try ModelDigest.of(other) != digest) }
    }

    @Test func shortWeightsAreRefused() throws {
        try withFolder { folder in
            try CompiledModelFile.write(Self.model(), to: folder)
            let path = URL(filePath: folder + "/weights.bin")
            try Data(contentsOf: path).dropLast(1).write(to: path)
            #expect(throws: DeviceError.self) { try CompiledModelFile.read(from: folder) }
        }
    }

    /// No change of one byte may crash; what is still read must be a valid program.
    @Test func damagedProgramsAreRefusedOrValid() throws {
        try withFolder { folder in
            try CompiledModelFile.write(Self.model(), to: folder)
            let path = URL(filePath: folder + "/program.json")
            let intact = try Data(contentsOf: path)
            var seed: UInt64 = 3
            for _ in 0..<2000 {
                var damaged = intact
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                damaged[Int(seed >> 33) % damaged.count] = UInt8(truncatingIfNeeded: seed >> 24)
                try damaged.write(to: path)
                do {
                    try CompiledModelFile.read(from: folder).program.validate()
                } catch {
                    #expect(error is DeviceError)
                }
            }
            try Data(String(repeating: "[", count: 100_000).utf8).write(to: path)
            #expect(throws: DeviceError.self) { try CompiledModelFile.read(from: folder) }
        }
    }

    @Test func inputsAreCheckedAgainstTheProgram() throws {
        let program = Self.model().program
        #expect(try program.bind([Tensor([1, 2] as [Int32], [2])]) == ["tokens": 2])
        #expect(throws: DeviceError.self) { try program.bind([]) }
        #expect(throws: DeviceError.self) { try program.bind([Tensor([1, 2] as [Float], [2])]) }
        #expect(throws: DeviceError.self) { try program.bind([Tensor([Int32](repeating: 0, count: 9), [9])]) }
    }
}
