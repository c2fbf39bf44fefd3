import SwiftProtobuf
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

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
    /// and of all. Throws `.fileNotWritable` where there is a file that this did not write (see `check`).
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
        // A link's file has its data beside it, and not beside the link.
        let place: String
        do {
            place = try Self.checked(path).place
        } catch {
            throw ONNXError(.fileNotWritable, error.message, cause: error)
        }
        let dataName = PartialName.parts(of: place).name + ".data"
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
        do throws(TensorError) {
            let hasData = try Self.checked(path).hasData
            var data: AtomicFile?
            if !external.isEmpty {
                let file = try AtomicFile(path: place + ".data") { _ in hasData }
                for initializer in external {
                    guard let place = places[initializer.name], let tensor = initializer.tensor else { continue }
                    var offset = place.offset
                    try tensor.forEachPiece { piece throws(TensorError) in
                        try file.write(piece, at: offset)
                        offset += piece.count
                        progress(offset, end)
                    }
                }
                try file.sync()
                data = file
            }
            let file = try AtomicFile(path: place, replacing: Self.isOurs)
            try file.write(bytes)
            try file.sync()
            if data != nil, unlink(place) != 0, errno != ENOENT {
                throw TensorError(
                    .fileNotWritable,
                    "\(path): cannot be replaced: \(String(cString: strerror(errno)))"
                )
            }
            try data?.commit()
            try file.commit()
        } catch {
            throw ONNXError(.fileNotWritable, error.message, cause: error)
        }
    }

    /// Throws `.fileNotWritable` when there is a file at `path`, or at `path` + `.data`, that this did not write.
    package static func check(_ path: String) throws(ONNXError) {
        do throws(TensorError) {
            let (place, hasData) = try checked(path)
            try AtomicFile.check(place + ".data") { _ in hasData }
        } catch {
            throw ONNXError(.fileNotWritable, error.message, cause: error)
        }
    }

    /// Where a model at `path` would be, and whether the one that is there has its weights in the file beside it.
    private static func checked(_ path: String) throws(TensorError) -> (place: String, hasData: Bool) {
        let place = try AtomicFile.check(path, replacing: isOurs).path
        guard let file = try? MappedFile(path: place) else { return (place, false) }
        let name = Array((PartialName.parts(of: place).name + ".data").utf8)
        return (place, file.withBytes { $0.contains(name) })
    }

    /// Whether a file begins as one that this wrote: a version, then the name of the producer.
    private static func isOurs(_ bytes: UnsafeRawBufferPointer) -> Bool {
        UnsafeRawBufferPointer(rebasing: bytes.prefix(32)).contains([0x12, 6] + Array("kongur".utf8))
    }
}
