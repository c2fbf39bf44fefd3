import Crypto
import Tensors
import XIR

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A compiled model on disk: a folder with `program.json` and `weights.bin`.
///
/// `program.json` is text: the program, the cache layout and what the engine must know. `weights.bin` holds the
/// constants one after the other, each at a multiple of the page size, so that loading maps the file and reads nothing.
package enum CompiledModelFile {
    package static let programName = "program.json"
    package static let weightsName = "weights.bin"
    static let version = 1
    static let pageSize = 4096
    /// Larger texts are no programs.
    private static let largestProgramByteCount = 64 << 20

    /// Writes a model into an existing folder.
    ///
    /// The folder is the caller's: write into one with a temporary name and rename it, so that nobody sees half a model.
    /// Throws `.fileNotWritable` with the path and the system's reason.
    package static func write(_ model: CompiledModel, to directory: String) throws(DeviceError) {
        var model = model
        let (offsets, byteCount) = layout(model.program.constants)
        do {
            let path = directory + "/" + weightsName
            var pieces = ""
            (model.weightsDigest, pieces) = try writeWeights(model.program.constants, to: path)
            var record = ModelRecord(model, offsets: offsets, weightByteCount: byteCount)
            record.weightsPieces = pieces
            try encode(record).write(to: URL(filePath: directory + "/" + programName))
        } catch {
            throw DeviceError(
                .fileNotWritable,
                "\(directory): the compiled model cannot be written: \(error.systemReason)",
                cause: error
            )
        }
    }

    /// Where each constant begins, and the size of all.
    static func layout(_ constants: [ProgramConstant]) -> (offsets: [Int], byteCount: Int) {
        var offsets: [Int] = []
        var offset = 0
        for constant in constants {
            offsets.append(offset)
            offset += (constant.tensor.byteCount + pageSize - 1) / pageSize * pageSize
        }
        return (offsets, offset)
    }

    /// The same record is the same text, always.
    static func encode(_ record: ModelRecord) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        return try encoder.encode(record)
    }

    /// Returns the weights' hash, as `ModelDigest.weights` does, and those of the file's pieces.
    private static func writeWeights(_ constants: [ProgramConstant], to path: String) throws -> (String, String) {
        let file = try WritableFile(path: path)
        var hash = SHA256()
        var pieces = WeightPieces()
        for constant in constants {
            try constant.tensor.forEachPiece {
                try file.append($0)
                hash.update(bufferPointer: $0)
                pieces.append($0)
            }
            let padding = [UInt8](repeating: 0, count: (pageSize - constant.tensor.byteCount % pageSize) % pageSize)
            try file.append(padding)
            padding.withUnsafeBytes { pieces.append($0) }
        }
        try file.synchronize()
        return (ModelDigest.text(hash.finalize()), pieces.finish())
    }

    /// Whether the weights of a model that was read are, to the last byte, those that were written.
    ///
    /// Cost: a pass over them. A model of an older version, which has no hash of them, is taken as it is.
    package static func isIntact(_ model: CompiledModel) -> Bool {
        model.weightsDigest.map { $0 == ModelDigest.weights(model.program.constants) } ?? true
    }

    /// Opens a model by mapping its weights, of which some pieces are compared with their hashes; `isIntact` compares all.
    ///
    /// Throws `.invalidProgram` naming the file when it is damaged, cut short or of another version.
    package static func read(from directory: String) throws(DeviceError) -> CompiledModel {
        let path = directory + "/" + programName
        let record: ModelRecord
        do {
            let text = try MappedFile(path: path)
            guard text.byteCount <= largestProgramByteCount else {
                throw TensorError(
                    .sizeMismatch,
                    "\(text.byteCount) bytes are more than the \(largestProgramByteCount) of a program"
                )
            }
            record = try JSONDecoder().decode(ModelRecord.self, from: text.withBytes { Data($0) })
        } catch {
            throw DeviceError(
                .invalidProgram,
                "\(path): not a compiled model: \((error as? DecodingError)?.place ?? (error as? TensorError)?.message ?? "it cannot be read")",
                cause: error
            )
        }
        guard record.version == version else {
            throw DeviceError(
                .invalidProgram,
                "\(path): version \(record.version) of the format, not \(version); compile the model again"
            )
        }
        let weights: MappedFile
        do {
            weights = try MappedFile(path: directory + "/" + weightsName)
        } catch {
            throw DeviceError(.invalidProgram, error.message, cause: error)
        }
        guard weights.byteCount == record.weightByteCount else {
            throw DeviceError(
                .invalidProgram,
                "\(weights.path): \(weights.byteCount) bytes, not \(record.weightByteCount); compile the model again"
            )
        }
        if let pieces = record.weightsPieces, let offset = weights.withBytes({ WeightPieces.fault(in: $0, of: pieces) })
        {
            throw DeviceError(
                .invalidProgram,
                "\(weights.path): is damaged near byte \(offset); compile the model again"
            )
        }
        return try record.model(path: path, weights: weights)
    }
}
