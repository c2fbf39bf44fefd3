import DeviceRuntime
import Foundation
import Tensors
import Testing
import XIR

@Suite struct CompiledModelFileTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path())
    }

    @Test func modelRoundTrips() throws {
        try withFolder { folder in
            try CompiledModelFile.write(stepModel(), to: folder)
            let read = try CompiledModelFile.read(from: folder)
            #expect(read.program == stepModel().program)
            #expect(read.cache == stepModel().cache)
            #expect(read.stopTokenIDs == [1, 2])
        }
    }

    /// Answers that are kept belong to a model by its digest.
    @Test func digestsTellModelsApart() throws {
        let model = stepModel()
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
        others[0].program.constants[3] = ProgramConstant("norm", Tensor([1, 4] as [Float], [2]))
        others[1].program.steps[4].attributes["epsilon"] = .float(1e-5)
        others[2].contextLength = 65
        others[3].cache.elementType = .float16
        for other in others { #expect(try ModelDigest.of(other) != digest) }
    }

    @Test func shortWeightsAreRefused() throws {
        try withFolder { folder in
            try CompiledModelFile.write(stepModel(), to: folder)
            let path = URL(filePath: folder + "/weights.bin")
            try Data(contentsOf: path).dropLast(1).write(to: path)
            #expect(throws: DeviceError.self) { try CompiledModelFile.read(from: folder) }
        }
    }

    /// No change of one byte may crash; what is still read must be a valid program.
    @Test func damagedProgramsAreRefusedOrValid() throws {
        try withFolder { folder in
            try CompiledModelFile.write(stepModel(), to: folder)
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
        let program = stepModel().program
        let inputs = SingleSequence([1, 2], blockSize: 4).inputs(0..<2)
        #expect(try program.bind(inputs) == ["tokens": 2, "sequences": 1, "table": 1, "outputs": 2])
        #expect(throws: DeviceError.self) { try program.bind([]) }
        var others = [inputs, inputs, inputs]
        others[0][0] = Tensor([1, 2] as [Float], [2])
        others[1][0] = Tensor([Int32](repeating: 0, count: 9), [9])
        others[2][3] = Tensor([0, 1, 2] as [Int32], [3])
        for other in others { #expect(throws: DeviceError.self) { try program.bind(other) } }
    }
}
