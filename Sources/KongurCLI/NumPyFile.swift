import Foundation
import Kongur
import Tensors

/// A `.npy` file of float32 rows (format 1.0), written row by row.
final class NumPyFile {
    private let file: AtomicFile
    private var byteCount: Int

    /// Starts a file of `shape`; until `finish` it has another name.
    ///
    /// Throws `.invalidInput` when the path cannot be written, and when there is a file that this did not write.
    init(_ path: String, shape: [Int]) throws {
        let header = Self.header(shape)
        do {
            file = try AtomicFile(path: path, replacing: Self.isOurs)
            try file.write(header)
        } catch {
            throw KongurError(.invalidInput, error.message, cause: error)
        }
        byteCount = header.count
    }

    func append(_ tensor: Tensor) throws {
        let offset = byteCount
        do {
            try tensor.withBytes { bytes throws(TensorError) in try file.write(bytes, at: offset) }
        } catch {
            throw KongurError(.failed, error.message, cause: error)
        }
        byteCount += tensor.byteCount
    }

    func finish() throws {
        do {
            try file.commit()
        } catch {
            throw KongurError(.invalidInput, error.message, cause: error)
        }
    }

    /// The header, longer than it needs to be, as the format allows.
    ///
    /// By one line more of spaces files of this command's are known.
    static func header(_ shape: [Int]) -> [UInt8] {
        let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
        let unpadded = 10 + text.utf8.count + 1
        text += String(repeating: " ", count: (64 - unpadded % 64) % 64 + 64) + "\n"
        let length = UInt16(text.utf8.count)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
    }

    private static func isOurs(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let text = String(decoding: bytes.prefix(1024), as: UTF8.self)
        guard let start = text.range(of: "'shape': ("),
            let end = text.range(of: ")", range: start.upperBound..<text.endIndex)
        else { return false }
        let extents = text[start.upperBound..<end.lowerBound].split(separator: ",")
        let shape = extents.compactMap { Int($0.filter { $0 != " " }) }
        return shape.count == extents.count && bytes.starts(with: header(shape))
    }
}
