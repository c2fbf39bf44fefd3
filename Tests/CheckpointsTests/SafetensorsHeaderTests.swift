import Checkpoints
import Foundation
import Tensors
import Testing

@Suite struct SafetensorsHeaderTests {
    private func expectRefusal(_ reason: String, _ prepare: (HandmadeCheckpoint) throws -> Void) throws {
        let folder = try HandmadeCheckpoint()
        try folder.write()
        try prepare(folder)
        let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(directory: folder.directory) }
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("model.safetensors") == true)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func refusesFilesThatAreCutOff() throws {
        let whole = try HandmadeCheckpoint().safetensors()
        for count in [0, 7, 8, 100] {
            try expectRefusal("file") { try $0.write("model.safetensors", whole.prefix(count)) }
        }
        try expectRefusal("cut off") { try $0.write("model.safetensors", whole.dropLast()) }
    }

    @Test func refusesAbsurdHeaderLengths() throws {
        for length in [UInt64.max, 1 << 63, 100_000_001, 1 << 20] {
            try expectRefusal("the header should have") { folder in
                var bytes = try folder.safetensors()
                withUnsafeBytes(of: length.littleEndian) { bytes.replaceSubrange(0..<8, with: $0) }
                try folder.write("model.safetensors", bytes)
            }
        }
    }

    @Test func refusesOffsetsOutsideTheirPlace() throws {
        for offsets in [[-8, 8], [0, 1 << 40], [16, 0], [0, Int.max], [Int.min, 0], [0], [0, 16, 32]] {
            try expectRefusal("model.norm.weight") { folder in
                folder.change("model.norm.weight") { $0.offsets = offsets }
                try folder.write()
            }
        }
        try expectRefusal("overlaps") { folder in
            folder.change("model.norm.weight") { $0.offsets = [0, 16] }
            try folder.write()
        }
        try expectRefusal("belong to no tensor") { folder in
            try folder.write("model.safetensors", folder.safetensors() + Data([1]))
        }
    }

    @Test func refusesShapesThatOverflow() throws {
        for shape in [[1 << 32, 1 << 32], [Int.max, 2], [-4], [1 << 62]] {
            try expectRefusal("model.norm.weight") { folder in
                folder.change("model.norm.weight") {
                    $0.shape = shape
                    $0.offsets = [0, 16]
                }
                try folder.write()
            }
        }
    }

    @Test func alignsTensorsThatStandAtOddAddresses() throws {
        let folder = try HandmadeCheckpoint()
        try folder.write()
        let straight = try Checkpoint.open(directory: folder.directory).tensor(named: "model.norm.weight")
        try folder.write("model.safetensors", folder.safetensors(padding: 3))
        let tensor = try Checkpoint.open(directory: folder.directory).tensor(named: "model.norm.weight")
        #expect(tensor == straight)
        #expect(tensor.byteOffset % 4 == 0)
    }
}
