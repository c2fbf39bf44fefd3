import Crypto
import Tensors

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Hashes that tell models apart: SHA-256, as base64.
package enum ModelDigest {
    /// The hash of all that a model computes with: program, weights, cache layout and limits.
    ///
    /// Cost: a moment for a model that was read from a file, which has the hash of its weights; otherwise a pass over them.
    package static func of(_ model: CompiledModel) throws(DeviceError) -> String {
        var model = model
        if model.weightsDigest == nil { model.weightsDigest = weights(model.program.constants) }
        let (offsets, byteCount) = CompiledModelFile.layout(model.program.constants)
        do {
            let record = try CompiledModelFile.encode(ModelRecord(model, offsets: offsets, weightByteCount: byteCount))
            return text(SHA256.hash(data: record))
        } catch {
            throw DeviceError(.invalidProgram, "\(model.program.name): cannot be written down: \(error)", cause: error)
        }
    }

    /// The hash of constants, one after the other.
    static func weights(_ constants: [ProgramConstant]) -> String {
        var hash = SHA256()
        for constant in constants { constant.tensor.forEachPiece { hash.update(bufferPointer: $0) } }
        return text(hash.finalize())
    }

    static func text(_ digest: SHA256.Digest) -> String { Data(digest).base64EncodedString() }
}
