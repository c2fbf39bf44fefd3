/// Keeps the fewest, most probable tokens whose probabilities together reach p (Holtzman et al., 2020).
///
/// Probabilities are those after the earlier selections. The token that crosses p is kept.
struct TopP {
    var p: Float

    /// Keeps those of the candidates that together reach p of `total`, and returns the sum of their weights.
    ///
    /// Needs the candidates' weights; O(n) on average, and nothing is sorted.
    func apply(to candidates: inout [Candidate], of total: Double) -> Double {
        guard p < 1, !candidates.isEmpty else { return total }
        let target = Double(p) * total
        // The nucleus ends in low...high; `mass` is the weight of all before low.
        var (low, high, mass) = (0, candidates.count, 0.0)
        while low < high {
            let pivot = candidates.partition(low, high)
            let left = candidates[low..<pivot].reduce(0) { $0 + Double($1.weight) }
            if mass + left >= target {
                high = pivot
            } else {
                mass += left + Double(candidates[pivot].weight)
                low = pivot + 1
                if mass >= target { high = low }
            }
        }
        candidates.removeLast(candidates.count - max(low, 1))
        return candidates.reduce(0) { $0 + Double($1.weight) }
    }
}
