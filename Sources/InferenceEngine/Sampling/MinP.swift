#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Keeps the tokens that are at least `minP` times as probable as the most probable one (Nguyen et al., 2024).
struct MinP {
    var minP: Float

    /// The score below which tokens go; minus infinity keeps all.
    var threshold: Float { minP > 0 ? log(minP) : -.infinity }

    func apply(to candidates: inout [Candidate]) {
        guard minP > 0 else { return }
        let threshold = threshold
        candidates.removeAll { $0.score < threshold }
    }
}
