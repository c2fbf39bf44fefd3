import Tensors

/// One mapped safetensors file.
struct SafetensorsFile: Sendable {
    let path: String
    let header: SafetensorsHeader
    private let file: MappedFile

    /// Maps the file and checks its header; the tensors' bytes are not touched.
    init(path: String) throws(CheckpointError) {
        do {
            file = try MappedFile(path: path)
        } catch {
            throw CheckpointError(.fileNotReadable, error.message, cause: error)
        }
        self.path = path
        header = try file.withBytes { bytes throws(CheckpointError) in
            try SafetensorsHeader(file: path, bytes: bytes)
        }
    }

    /// The tensor as a view of the file.
    ///
    /// A file whose header length leaves elements at odd addresses costs a copy of the tensor, so that every tensor is
    /// aligned to its elements.
    func tensor(named name: String) throws(CheckpointError) -> Tensor {
        guard let entry = header.entries[name] else {
            throw CheckpointError(.tensorMismatch, "\(path): has no tensor '\(name)'")
        }
        guard let elementType = entry.elementType else {
            throw CheckpointError(
                .unsupported,
                "\(path): tensor '\(name)' has the unsupported element type \(entry.dtype)"
            )
        }
        let tensor: Tensor
        do {
            tensor = try Tensor(
                TensorType(elementType, entry.shape),
                storage: file.storage,
                byteOffset: entry.range.lowerBound
            )
        } catch {
            throw CheckpointError(.malformed, "\(path): tensor '\(name)': \(error)", cause: error)
        }
        guard entry.range.lowerBound % elementType.byteCount != 0 else { return tensor }
        var aligned = MutableTensor(tensor.type)
        aligned.withMutableBytes { destination in tensor.withBytes { destination.copyMemory(from: $0) } }
        return aligned.freeze()
    }
}
