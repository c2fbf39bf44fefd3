/// Reads the two large parts of a tokenizer, vocabulary and merges, straight into their tables.
struct BytePairReader {
    private let name: String
    private var vocabulary: Vocabulary
    /// The bytes of both sides of every merge, one after the other, and where each side ends.
    private var mergeBytes: [UInt8] = []
    private var mergeEnds: [UInt32] = []

    /// `byteCount` is the size of the file, from which the number of entries is guessed.
    init(name: String, byteCount: Int) {
        self.name = name
        vocabulary = Vocabulary(expectedCount: byteCount / 32)
    }

    /// Reads `{"token": id, ...}`.
    mutating func readVocabulary(_ reader: inout JSONReader) throws(TokenizerError) {
        var found = vocabulary
        vocabulary = Vocabulary(expectedCount: 0)
        try reader.keyBytes { (key, reader) throws(TokenizerError) in
            let id = try reader.int()
            guard found.add(text: key, id: id) else {
                throw reader.failure("token id \(id) is not in 0...\(Vocabulary.largestID)")
            }
        }
        vocabulary = found
    }

    /// Reads `["a b", ...]` or `[["a", "b"], ...]`.
    mutating func readMerges(_ reader: inout JSONReader) throws(TokenizerError) {
        try reader.array { (reader) throws(TokenizerError) in
            if reader.peek() == 0x5B {
                var sides = 0
                try reader.array { (reader) throws(TokenizerError) in
                    sides += 1
                    try reader.stringBytes { (side) throws(TokenizerError) in try addSide(side) }
                }
                guard sides == 2 else { throw reader.failure("a merge has \(sides) sides, not 2") }
            } else {
                try reader.stringBytes { (line) throws(TokenizerError) in try addLine(line) }
            }
        }
    }

    /// Reads merges.txt: one "a b" a line, after an optional line that begins with "#version".
    mutating func readMerges(lines bytes: [UInt8]) throws(TokenizerError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(TokenizerError) in
            var start = 0
            while start < buffer.count {
                var end = start
                while end < buffer.count, buffer[end] != 0x0A { end += 1 }
                var line = UnsafeBufferPointer(rebasing: buffer[start..<end])
                if line.last == 0x0D { line = UnsafeBufferPointer(rebasing: line.dropLast()) }
                if !line.isEmpty, !line.starts(with: "#version".utf8) { try addLine(line) }
                start = end + 1
            }
        }
    }

    private mutating func addLine(_ line: UnsafeBufferPointer<UInt8>) throws(TokenizerError) {
        guard let space = line.firstIndex(of: 0x20), line.lastIndex(of: 0x20) == space else {
            throw TokenizerError(
                .malformedFile,
                "\(name): merge \(mergeEnds.count / 2): '\(String(decoding: line, as: UTF8.self))' is not two tokens"
            )
        }
        try addSide(UnsafeBufferPointer(rebasing: line[..<space]))
        try addSide(UnsafeBufferPointer(rebasing: line[(space + 1)...]))
    }

    private mutating func addSide(_ side: UnsafeBufferPointer<UInt8>) throws(TokenizerError) {
        guard ByteLevelAlphabet.appendBytes(of: side, to: &mergeBytes) else {
            throw TokenizerError(
                .unsupported,
                "\(name): merge \(mergeEnds.count / 2): '\(String(decoding: side, as: UTF8.self))' is not written in the"
                    + " byte-level alphabet; only byte-level BPE is supported"
            )
        }
        mergeEnds.append(UInt32(truncatingIfNeeded: mergeBytes.count))
    }

    /// Resolves the merges to ids and gives the model.
    consuming func finish() throws(TokenizerError) -> BytePairEncoding {
        var merges = MergeTable(expectedCount: mergeEnds.count / 2)
        let (name, vocabulary, ends) = (self.name, self.vocabulary, self.mergeEnds)
        try mergeBytes.withUnsafeBufferPointer { (bytes) throws(TokenizerError) in
            var start = 0
            for rank in 0..<ends.count / 2 {
                let middle = Int(ends[2 * rank])
                let end = Int(ends[2 * rank + 1])
                func id(_ range: Range<Int>) throws(TokenizerError) -> Int {
                    let token = UnsafeBufferPointer(rebasing: bytes[range])
                    if let id = vocabulary.id(of: token) { return id }
                    throw TokenizerError(
                        .malformedFile,
                        "\(name): merge \(rank): '\(ByteLevelAlphabet.text(of: token))' is not in the vocabulary"
                    )
                }
                merges.add(
                    left: try id(start..<middle),
                    right: try id(middle..<end),
                    rank: rank,
                    result: try id(start..<end)
                )
                start = end
            }
        }
        return BytePairEncoding(vocabulary: vocabulary, merges: merges)
    }
}
