/// A token that may be drawn.
struct Candidate {
    var id: Int32
    /// The logit; after `Temperature` relative to the largest, and scaled.
    var score: Float
    /// exp(score): the probability up to a common factor.
    var weight: Float = 0

    /// The order of selection: larger scores first, lower ids among equals, so that no two are equal.
    func precedes(_ other: Candidate) -> Bool {
        score != other.score ? score > other.score : id < other.id
    }
}

extension [Candidate] {
    /// Rearranges so that the first `count` are the first in order; O(n) on average, and nothing is sorted.
    mutating func selectFirst(_ count: Int) {
        var (low, high) = (0, self.count)
        while low < high {
            let pivot = partition(low, high)
            if pivot == count || pivot + 1 == count { return }
            if pivot < count { low = pivot + 1 } else { high = pivot }
        }
    }

    /// Moves what precedes a pivot of `low..<high` to its left and returns the pivot's place.
    ///
    /// The pivot's choice depends on the bounds alone, so equal inputs are rearranged equally.
    mutating func partition(_ low: Int, _ high: Int) -> Int {
        withUnsafeMutableBufferPointer { all in
            let choice =
                low + Int(truncatingIfNeeded: RandomSource.mix(UInt64(low) ^ UInt64(high) << 32) >> 1) % (high - low)
            all.swapAt(choice, high - 1)
            let pivot = all[high - 1]
            var place = low
            for index in low..<high - 1 where all[index].precedes(pivot) {
                all.swapAt(index, place)
                place += 1
            }
            all.swapAt(place, high - 1)
            return place
        }
    }
}
