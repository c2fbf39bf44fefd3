/// Which two neighbouring tokens become one, and in which order of preference.
struct MergeTable: Sendable {
    /// A merge: the rank in the upper half (lower is merged earlier), the new token in the lower half.
    typealias Merge = UInt64
    static let none = Merge.max

    private var keys: [UInt64]
    private var merges: [Merge]
    private var occupied = 0

    init(expectedCount: Int) {
        var slotCount = 1024
        while slotCount < expectedCount * 2 { slotCount *= 2 }
        keys = [UInt64](repeating: .max, count: slotCount)
        merges = [Merge](repeating: Self.none, count: slotCount)
    }

    @inline(__always)
    private static func hash(_ key: UInt64) -> Int {
        let product = key &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: (product ^ product >> 32) & 0x7FFF_FFFF)
    }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Adds a merge; of two for the same pair the later one counts.
    mutating func add(left: Int, right: Int, rank: Int, result: Int) {
        if (occupied + 1) * 2 > keys.count { grow() }
        let key = Self.key(Int32(truncatingIfNeeded: left), Int32(truncatingIfNeeded: right))
        place(key, UInt64(rank) << 32 | UInt64(result))
    }

    private mutating func place(_ key: UInt64, _ merge: Merge) {
        var slot = Self.hash(key) & (keys.count - 1)
        while keys[slot] != .max && keys[slot] != key { slot = (slot + 1) & (keys.count - 1) }
        if keys[slot] == .max { occupied += 1 }
        keys[slot] = key
        merges[slot] = merge
    }

    private mutating func grow() {
        let old = zip(keys, merges).filter { $0.0 != .max }
        keys = [UInt64](repeating: .max, count: keys.count * 2)
        merges = [Merge](repeating: Self.none, count: keys.count)
        occupied = 0
        for (key, merge) in old { place(key, merge) }
    }

    /// The merge of two neighbours, or `none`.
    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> Merge {
        let key = Self.key(left, right)
        var slot = Self.hash(key) & (keys.count - 1)
        while true {
            let found = keys[slot]
            if found == key { return merges[slot] }
            if found == .max { return Self.none }
            slot = (slot + 1) & (keys.count - 1)
        }
    }
}
