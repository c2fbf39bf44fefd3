import Foundation
import Tensors
import Testing

@Suite struct MappedFileTests {
    /// 70 MB, so that a tensor has several pieces, at an offset that is no multiple of a page.
    @Test func piecesOfALargeTensorAreItsBytes() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("mapped-\(UUID())")
        defer { try? FileManager.default.removeItem(at: url) }
        let (offset, count) = (12, 70 << 20)
        let bytes = (0..<offset + count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        try Data(bytes).write(to: url)
        let tensor = try Tensor(
            TensorType(.uint8, [count]),
            storage: MappedFile(path: url.path).storage,
            byteOffset: offset
        )
        var joined: [UInt8] = []
        var pieces = 0
        tensor.forEachPiece {
            joined += $0
            pieces += 1
        }
        #expect(pieces > 1)
        #expect(joined.elementsEqual(bytes[offset...]))
        // What was given back is there again when it is read again.
        #expect(tensor.withBytes { $0.elementsEqual(bytes[offset...]) })
    }

    @Test func piecesOfNothingAreNone() throws {
        Tensor([] as [Float], [0]).forEachPiece { _ in Issue.record("a piece") }
    }
}
