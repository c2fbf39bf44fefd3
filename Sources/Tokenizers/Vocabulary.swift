/// The model's tokens: the bytes of each id, and the id of any run of bytes.
///
/// All bytes lie in one array, and the hash table holds ids only, so that 150,000 tokens load in milliseconds.
struct Vocabulary: Sendable {
    /// Ids above this are refused, so that a file cannot make the tables arbitrarily large.
    static let largestID = 1 << 24 - 1

    private var bytes: [UInt8] = []
    /// Where each id's bytes lie; a start of `absent` where the id has none.
    private var starts: [UInt32] = []
    private var counts: [UInt32] = []
    private var hashes: [UInt32] = []
    /// Open addressing over `hashes`; -1 is free.
    private var slots: [Int32]
    private var occupied = 0
    /// Tokens with characters outside the byte-level alphabet, by text.
    ///
    /// Ordinary text never becomes one of them.
    private(set) var literals: [ExactString: Int] = [:]
    private var isLiteral: Set<Int> = []

    private static let absent = UInt32.max

    init(expectedCount: Int) {
        var slotCount = 1024
        while slotCount < expectedCount * 2 { slotCount *= 2 }
        slots = [Int32](repeating: -1, count: slotCount)
    }

    /// One more than the highest id.
    var endID: Int { starts.count }

    /// Adds a token by its text as the vocabulary writes it.
    ///
    /// Returns false when the id is out of range.
    mutating func add(text: UnsafeBufferPointer<UInt8>, id: Int) -> Bool {
        guard 0...Self.largestID ~= id else { return false }
        let start = bytes.count
        let isByteLevel = ByteLevelAlphabet.appendBytes(of: text, to: &bytes)
        if !isByteLevel { bytes.append(contentsOf: text) }
        if id >= starts.count {
            let missing = id + 1 - starts.count
            starts.append(contentsOf: repeatElement(Self.absent, count: missing))
            counts.append(contentsOf: repeatElement(0, count: missing))
            hashes.append(contentsOf: repeatElement(0, count: missing))
        }
        starts[id] = UInt32(truncatingIfNeeded: start)
        counts[id] = UInt32(truncatingIfNeeded: bytes.count - start)
        if isByteLevel {
            insert(id)
        } else {
            literals[ExactString(String(decoding: text, as: UTF8.self))] = id
            isLiteral.insert(id)
        }
        return true
    }

    private mutating func insert(_ id: Int) {
        if (occupied + 1) * 2 > slots.count { grow() }
        let hash = bytes.withUnsafeBufferPointer { byteHash(UnsafeBufferPointer(rebasing: $0[range(id)])) }
        hashes[id] = UInt32(truncatingIfNeeded: hash)
        var slot = Int(hashes[id]) & (slots.count - 1)
        while slots[slot] >= 0 {
            let other = Int(slots[slot])
            if hashes[other] == hashes[id], bytes[range(other)] == bytes[range(id)] { break }
            slot = (slot + 1) & (slots.count - 1)
        }
        if slots[slot] < 0 { occupied += 1 }
        slots[slot] = Int32(truncatingIfNeeded: id)
    }

    private mutating func grow() {
        let ids = slots.filter { $0 >= 0 }
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for id in ids {
            var slot = Int(hashes[Int(id)]) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = id
        }
    }

    private func range(_ id: Int) -> Range<Int> { Int(starts[id])..<Int(starts[id]) + Int(counts[id]) }

    /// The id of the token with exactly these bytes.
    func id(of word: UnsafeBufferPointer<UInt8>) -> Int? {
        let hash = UInt32(truncatingIfNeeded: byteHash(word))
        var slot = Int(hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let id = Int(slots[slot])
            if hashes[id] == hash, Int(counts[id]) == word.count,
                bytes.withUnsafeBufferPointer({ $0[range(id)].elementsEqual(word) })
            {
                return id
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// The id of the token that the vocabulary writes as `text`.
    func id(ofText text: String) -> Int? {
        var text = text
        return text.withUTF8 { buffer in
            var word: [UInt8] = []
            if ByteLevelAlphabet.appendBytes(of: buffer, to: &word) {
                return word.withUnsafeBufferPointer { id(of: $0) }
            }
            return literals[ExactString(String(decoding: buffer, as: UTF8.self))]
        }
    }

    func contains(_ id: Int) -> Bool { id >= 0 && id < starts.count && starts[id] != Self.absent }

    /// The bytes that a token stands for; nil for an id without a token.
    func bytes(of id: Int) -> ArraySlice<UInt8>? { contains(id) ? bytes[range(id)] : nil }

    /// The token as the vocabulary writes it.
    func text(of id: Int) -> String? {
        guard let bytes = bytes(of: id) else { return nil }
        return isLiteral.contains(id) ? String(decoding: bytes, as: UTF8.self) : ByteLevelAlphabet.text(of: bytes)
    }
}

/// A fast hash for tables of our own; not stable between versions, not for hostile keys without a probe limit.
@inline(__always)
func byteHash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash = UInt64(truncatingIfNeeded: bytes.count) &* 0x9E37_79B9_7F4A_7C15
    let raw = UnsafeRawBufferPointer(bytes)
    var index = 0
    while index + 8 <= raw.count {
        hash = (hash ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0x9FB2_1C65_1E98_DF25
        hash ^= hash >> 32
        index += 8
    }
    var tail: UInt64 = 0
    while index < raw.count {
        tail = tail << 8 | UInt64(raw[index])
        index += 1
    }
    hash = (hash ^ tail) &* 0x9FB2_1C65_1E98_DF25
    hash ^= hash >> 29
    hash = hash &* 0xBF58_476D_1CE4_E5B9
    return hash ^ hash >> 32
}
