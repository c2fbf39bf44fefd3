/// Divides the distances to the largest logit: below 1 sharpens the distribution, above 1 flattens it.
struct Temperature {
    /// Above 0; 0 is greedy and does not come here.
    var temperature: Float

    /// Candidates for the tokens whose scores, which are at most 0, are above a cutoff.
    func candidates(_ logits: [Float], largest: Float, above cutoff: Float, into candidates: inout [Candidate]) {
        candidates.removeAll(keepingCapacity: true)
        // Most tokens are not worth a division.
        let least = cutoff == -.infinity ? cutoff : largest + cutoff * temperature
        for (id, logit) in logits.enumerated() where logit > least {
            // Subtracting first: a tiny temperature then cannot overflow.
            let score = (logit - largest) / temperature
            if score > -.infinity { candidates.append(Candidate(id: Int32(id), score: score)) }
        }
    }
}
