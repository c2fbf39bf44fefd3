#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Keeps the tokens that are at least `minP` times as probable as the most probable one (Nguyen et al., 2024).
struct MinP {
    var minP: Float

    func apply(to candidates: inout [Candidate]) {
        guard minP > 0 else { return }
        let threshold = log(minP)
        candidates.removeAll { $0.score < threshold }
    }
}
