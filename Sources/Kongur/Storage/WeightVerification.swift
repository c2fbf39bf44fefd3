import Crypto
import DeviceRuntime
import Foundation
import Tensors

/// Compares all weights of a compiled model with their hash when its file is seen for the first time, or has changed since;
/// at other times the pieces that reading compares are enough.
struct WeightVerification {
    private struct Record: Codable, Equatable {
        var state: FileState
        var digest: String
    }

    let cache: CacheFolder

    /// Throws `.invalidModel` for weights that are not those that were written.
    ///
    /// Cost: nothing for a file that was compared before and has not changed, unless `isForced`; else a pass over it.
    func check(_ model: CompiledModel, at folder: String, isForced: Bool) throws {
        guard let digest = model.weightsDigest, let state = state(folder) else { return }
        let record = Record(state: state, digest: digest)
        let isTrusted = cache.fault == nil
        if !isForced, isTrusted, known(folder) == record { return }
        guard CompiledModelFile.isIntact(model) else {
            throw KongurError(
                .invalidModel,
                "\(folder)/\(CompiledModelFile.weightsName): is damaged: the weights are not those that were written; compile the model again"
            )
        }
        if isTrusted { keep(record, folder) }
    }

    /// Says that the weights have just been written.
    func trust(_ model: CompiledModel, at folder: String) {
        guard let digest = model.weightsDigest, let state = state(folder) else { return }
        keep(Record(state: state, digest: digest), folder)
    }

    private func state(_ folder: String) -> FileState? { FileState("\(folder)/\(CompiledModelFile.weightsName)") }

    private func known(_ folder: String) -> Record? {
        guard let data = FileManager.default.contents(atPath: cache.verification(of: folder)) else { return nil }
        return try? JSONDecoder().decode(Record.self, from: data)
    }

    /// Where it cannot be kept, the next start compares again.
    private func keep(_ record: Record, _ folder: String) {
        cache.prepare()
        guard let data = try? JSONEncoder().encode(record),
            let file = try? AtomicFile(path: cache.verification(of: folder), replacing: { _ in true })
        else { return }
        if (try? file.write(Array(data))) != nil { try? file.commit() }
    }
}

extension Data {
    /// SHA-256, in hexadecimal.
    var sha256: String { Data(SHA256.hash(data: self)).hexadecimal }
}
