import DeviceRuntime
import Foundation
import Kongur
import Tensors

/// A `.npy` file of float32 rows (format 1.0), written row by row.
final class NumPyFile {
    private let file: WritableFile
    private let path: String
    private let temporaryPath: String

    /// Starts a file of `shape`; until `finish` it has another name.
    ///
    /// Throws `.invalidInput` when the path cannot be written.
    init(_ path: String, shape: [Int]) throws {
        self.path = path
        temporaryPath = "\(path).\(ProcessInfo.processInfo.processIdentifier).partial"
        do {
            file = try WritableFile(path: temporaryPath)
            try file.append(Self.header(shape))
        } catch {
            throw KongurError(.invalidInput, "\(path): cannot be written: \(error)", cause: error)
        }
    }

    func append(_ tensor: Tensor) throws {
        try tensor.withBytes { try file.append($0) }
    }

    func finish() throws {
        guard rename(temporaryPath, path) == 0 else {
            unlink(temporaryPath)
            throw KongurError(.invalidInput, "\(path): cannot be written: \(String(cString: strerror(errno)))")
        }
    }

    /// Removes what has been written.
    func abandon() {
        unlink(temporaryPath)
    }

    static func header(_ shape: [Int]) -> [UInt8] {
        let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
        let unpadded = 10 + text.utf8.count + 1
        text += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
        let length = UInt16(text.utf8.count)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
    }
}
