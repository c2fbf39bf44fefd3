import Tensors

/// The output head of a model whose configuration says that it is the embedding.
///
/// A head that was trained apart, or a flag that a merge of models left wrong, gives files with a head of their own.
struct OutputHead {
    private static let (table, head) = ("model.embed_tokens.weight", "lm_head.weight")

    private let configuration: ModelConfiguration
    private let directory: String
    private let tensor: (String) throws(CheckpointError) -> Tensor?

    init(
        _ configuration: ModelConfiguration,
        _ directory: String,
        tensor: @escaping (String) throws(CheckpointError) -> Tensor?
    ) {
        self.configuration = configuration
        self.directory = directory
        self.tensor = tensor
    }

    /// What to say where the files have a head that is not the embedding; nil where there is none.
    ///
    /// Cost: reading both up to the first difference.
    func difference() throws(CheckpointError) -> String? {
        guard configuration.tiesWordEmbeddings, let head = try tensor(Self.head), let table = try tensor(Self.table)
        else {
            return nil
        }
        guard head.shape == table.shape, head.elementType.isFloatingPoint, table.elementType.isFloatingPoint else {
            throw CheckpointError(
                .tensorMismatch,
                "\(directory): \(Self.head) is \(head.type) and \(Self.table) \(table.type): one of them is not this model's"
            )
        }
        defer {
            head.discard()
            table.discard()
        }
        guard !Self.isEqual(head, table) else { return nil }
        return
            "\(directory)/config.json: tie_word_embeddings is true, but the files hold an \(Self.head) that differs from \(Self.table): it is used; if the flag is right, remove that tensor"
    }

    private static func isEqual(_ head: Tensor, _ table: Tensor) -> Bool {
        guard head.elementType != table.elementType else {
            return head.withBytes { head in table.withBytes { table in head.elementsEqual(of: table) } }
        }
        let width = head.shape[1]
        var (first, second) = ([Float](repeating: 0, count: width), [Float](repeating: 0, count: width))
        for row in 0..<head.shape[0] {
            head.copyRow(row, to: &first)
            table.copyRow(row, to: &second)
            if first != second { return false }
        }
        return true
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func elementsEqual(of other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        let words = count / 8
        for word in 0..<words
        where loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self)
            != other.loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self)
        {
            return false
        }
        return (8 * words..<count).allSatisfy { self[$0] == other[$0] }
    }
}
