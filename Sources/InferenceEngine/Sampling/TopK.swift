/// Keeps the k most probable tokens, the lower ids among equals.
struct TopK {
    var k: Int?

    func apply(to candidates: inout [Candidate]) {
        guard let k, k < candidates.count else { return }
        candidates.selectFirst(k)
        candidates.removeLast(candidates.count - k)
    }
}
