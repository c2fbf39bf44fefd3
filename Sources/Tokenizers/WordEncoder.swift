/// Encodes the words of one text and remembers those it has seen: most words of a text are repeated.
struct WordEncoder {
    private let model: BytePairEncoding
    private var scratch = BytePairEncoding.Scratch()
    private var entries: [Entry]
    private var bytes: [UInt8] = []
    private var ids: [Int] = []

    private struct Entry {
        var hash: UInt64 = 0
        var start: UInt32 = 0
        var byteCount: UInt32 = 0
        var idStart: UInt32 = 0
        var idCount: UInt32 = 0
    }

    private static let longestRemembered = 48
    /// Bounds the search also when someone writes words that collide.
    private static let probes = 4

    /// `textSize` in bytes decides how much is remembered; a short text is not worth a table.
    init(model: BytePairEncoding, textSize: Int) {
        self.model = model
        var slots = 0
        if textSize > 256 {
            slots = 64
            while slots < textSize / 8 && slots < 1 << 16 { slots *= 2 }
        }
        entries = [Entry](repeating: Entry(), count: slots)
    }

    /// Appends the ids of one word.
    mutating func encode(_ word: UnsafeBufferPointer<UInt8>, into output: inout [Int]) {
        guard !entries.isEmpty, word.count <= Self.longestRemembered else {
            model.encode(word, scratch: &scratch, into: &output)
            return
        }
        let hash = byteHash(word)
        var free = -1
        for probe in 0..<Self.probes {
            let slot = (Int(truncatingIfNeeded: hash & 0xFFFF_FFFF) + probe) & (entries.count - 1)
            let entry = entries[slot]
            if entry.byteCount == 0 {
                free = slot
                break
            }
            if entry.hash == hash, Int(entry.byteCount) == word.count, matches(entry, word) {
                for index in Int(entry.idStart)..<Int(entry.idStart + entry.idCount) { output.append(ids[index]) }
                return
            }
        }
        let before = output.count
        model.encode(word, scratch: &scratch, into: &output)
        guard free >= 0 else { return }
        entries[free] = Entry(
            hash: hash,
            start: UInt32(truncatingIfNeeded: bytes.count),
            byteCount: UInt32(truncatingIfNeeded: word.count),
            idStart: UInt32(truncatingIfNeeded: ids.count),
            idCount: UInt32(truncatingIfNeeded: output.count - before)
        )
        bytes.append(contentsOf: word)
        ids.append(contentsOf: output[before...])
    }

    private func matches(_ entry: Entry, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            for index in 0..<word.count where bytes[Int(entry.start) + index] != word[index] { return false }
            return true
        }
    }
}
