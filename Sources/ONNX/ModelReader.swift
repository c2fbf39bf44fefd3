import SwiftProtobuf
import Tensors

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads `.onnx` files and maps the weights that stand in files beside them.
package struct ModelReader: Sendable {
    /// Whether weights in other files are mapped; without, they stay references, and the files may be absent.
    package var mapsExternalData: Bool

    package init(mapsExternalData: Bool = true) {
        self.mapsExternalData = mapsExternalData
    }

    /// Reads the model at `path`.
    ///
    /// The file itself is copied into memory (the format allows it at most 2 GB); external data is mapped. Every error
    /// names the file.
    package func read(path: String) throws(ONNXError) -> Model {
        do throws(ONNXError) {
            let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
            let mapped: MappedFile
            do {
                mapped = try MappedFile(path: path)
            } catch {
                throw ONNXError(.fileNotReadable, error.message, cause: error)
            }
            guard mapped.byteCount <= Int(Int32.max) else {
                throw ONNXError(.malformed, "\(mapped.byteCount) bytes are more than the 2 GB that the format allows")
            }
            let proto: Onnx_ModelProto
            do {
                proto = try mapped.withBytes { try Onnx_ModelProto(serializedBytes: Data($0)) }
            } catch {
                throw ONNXError(.malformed, "not an ONNX model, or cut off (\(error))")
            }
            var decoder = ProtobufDecoder(folder: mapsExternalData ? folder : nil)
            let model = try decoder.model(proto)
            try model.graph.checkNames()
            return model
        } catch {
            guard !error.message.hasPrefix(path) else { throw error }
            throw ONNXError(error.code, "\(path): \(error.message)", cause: error.cause)
        }
    }
}
