/// Divides the distances to the largest logit: below 1 sharpens the distribution, above 1 flattens it.
struct Temperature {
    /// Above 0; 0 is greedy and does not come here.
    var temperature: Float

    /// Candidates for all tokens that are possible, with scores of at most 0.
    func candidates(_ logits: [Float], largest: Float, into candidates: inout [Candidate]) {
        candidates.removeAll(keepingCapacity: true)
        for (id, logit) in logits.enumerated() {
            // Subtracting first: a tiny temperature then cannot overflow.
            let score = (logit - largest) / temperature
            if score > -.infinity { candidates.append(Candidate(id: Int32(id), score: score)) }
        }
    }
}
