import SwiftProtobuf
import Tensors

/// Writes `.onnx` files, with large weights in a file beside them.
package struct ModelWriter: Sendable {
    /// Tensors of this many bytes or more go to the file beside the model.
    package var externalByteCount: Int

    package init(externalByteCount: Int = 1024) {
        self.externalByteCount = externalByteCount
    }

    /// Where tensors start in the data file: whole pages for large ones, so that they can be mapped.
    private static let alignment = 4096

    /// Writes the model to `path`, and its weights to `path` + `.data`.
    ///
    /// Weights are streamed from wherever they are mapped, so writing gigabytes takes little memory. Both files are
    /// written under temporary names, synced and renamed; an old model goes before its data does, so a crash leaves
    /// the old model, none, or the new one, and never a mixture. `progress` is told the bytes of weights that are written,
    /// and of all.
    package func write(
        _ model: Model,
        to path: String,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(ONNXError) {
        do {
            try model.graph.checkNames()
        } catch {
            throw ONNXError(error.code, "\(path): \(error.message)", cause: error.cause)
        }
        var places: [String: ExternalData] = [:]
        var external: [Initializer] = []
        var end = 0
        let dataName = (path.split(separator: "/").last.map(String.init) ?? path) + ".data"
        for initializer in model.graph.initializers {
            guard initializer.tensor != nil else {
                throw ONNXError(.unsupported, "\(path): the values of '\(initializer.name)' were never loaded")
            }
            let byteCount = initializer.type.byteCount
            guard byteCount >= externalByteCount else { continue }
            end = (end + Self.alignment - 1) / Self.alignment * Self.alignment
            places[initializer.name] = ExternalData(location: dataName, offset: end, byteCount: byteCount)
            external.append(initializer)
            end += byteCount
        }
        let bytes: [UInt8]
        do {
            bytes = try ProtobufEncoder { places[$0.name] }.model(model).serializedBytes()
        } catch {
            throw ONNXError(
                .malformed,
                "\(path): cannot be encoded (\(error)); the format allows 2 GB outside the data file"
            )
        }
        var data: AtomicFile?
        if !external.isEmpty {
            var file = try AtomicFile(path: path + ".data")
            for initializer in external {
                guard let place = places[initializer.name], let tensor = initializer.tensor else { continue }
                var offset = place.offset
                try tensor.forEachPiece { piece throws(ONNXError) in
                    try file.write(piece, at: offset)
                    offset += piece.count
                    progress(offset, end)
                }
            }
            try file.sync()
            data = consume file
        }
        var file = try AtomicFile(path: path)
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(ONNXError) in try file.write(bytes, at: 0) }
        }.get()
        try file.sync()
        if data != nil { try AtomicFile.remove(path) }
        try data.take()?.commit()
        try file.commit()
    }
}
