/// Leaves only some tokens possible.
struct AllowedTokens {
    /// Bit `id % 64` of word `id / 64`; tokens beyond it are not allowed.
    var mask: [UInt64]

    func apply(to logits: inout [Float]) {
        let count = logits.count
        logits.withUnsafeMutableBufferPointer { row in
            for start in stride(from: 0, to: count, by: 64) {
                let word = start >> 6 < mask.count ? mask[start >> 6] : 0
                guard word != .max else { continue }
                let end = min(start + 64, count)
                if word == 0 {
                    row[start..<end].update(repeating: -.infinity)
                } else {
                    for id in start..<end where word >> UInt64(id - start) & 1 == 0 { row[id] = -.infinity }
                }
            }
        }
    }
}

extension [UInt64] {
    /// The mask that allows these tokens.
    init(bits ids: Set<Int>) {
        self.init(repeating: 0, count: (ids.max() ?? 0) / 64 + 1)
        for id in ids { self[id >> 6] |= 1 << UInt64(id & 63) }
    }

    /// Leaves only what another mask allows, too.
    mutating func intersect(_ other: [UInt64]) {
        for word in indices { self[word] &= word < other.count ? other[word] : 0 }
    }
}
