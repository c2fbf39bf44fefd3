#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Draws the next token from a row of logits.
///
/// The order: repetition, presence and frequency penalty; logit bias; tokens that are not allowed yet; temperature;
/// min-p; top-k; top-p; draw. Log-probabilities come from the logits before all of it. Cost is a few passes over the
/// vocabulary. One sampler serves all requests, for its working memory; what belongs to a request is in the arguments.
struct Sampler: ~Copyable {
    private var candidates: [Candidate] = []

    /// The token at `position` of the answer, drawn from `logits`, which it may change.
    ///
    /// `forbidden` tokens cannot be drawn. Throws `.invalidLogits` for NaN, for infinity, and when no token is possible.
    mutating func sample(
        _ logits: inout [Float],
        _ parameters: SamplingParameters,
        history: TokenHistory,
        forbidden: Set<Int> = [],
        seed: UInt64,
        position: Int
    ) throws(EngineError) -> SampledToken {
        try check(logits)
        // The drawn token is not known yet, so the raw logits are kept for its log-probability.
        let raw = parameters.logprobs == nil ? [] : logits
        if parameters.hasPenalties {
            RepetitionPenalty(penalty: parameters.repetitionPenalty).apply(to: &logits, history)
            PresencePenalty(penalty: parameters.presencePenalty).apply(to: &logits, history)
            FrequencyPenalty(penalty: parameters.frequencyPenalty).apply(to: &logits, history)
        }
        LogitBias(biases: parameters.logitBias).apply(to: &logits)
        for id in forbidden where logits.indices.contains(id) { logits[id] = -.infinity }

        let largest = largest(logits)
        guard logits[largest].isFinite else {
            throw EngineError(.invalidLogits, "no token is possible: the largest logit is \(logits[largest])")
        }
        let id =
            parameters.temperature == 0
            ? largest
            : draw(logits, largest: logits[largest], parameters, RandomSource(seed: seed).uniform(at: position))
        return SampledToken(
            id: id,
            logprobs: parameters.logprobs.map { logprobs(raw, of: id, top: $0) }
        )
    }

    private func check(_ logits: [Float]) throws(EngineError) {
        // The sum of v - v is NaN when one v is NaN or infinite; minus infinity, which forbids a token, is looked at then.
        guard logits.reduce(0, { $0 + ($1 - $1) }).isNaN else { return }
        if let bad = logits.firstIndex(where: { $0.isNaN || $0 == .infinity }) {
            throw EngineError(
                .invalidLogits,
                "the model gave \(logits[bad]) as the logit of token \(bad): its weights or the device's arithmetic are broken"
            )
        }
    }

    /// The place of the largest logit, the first among equals.
    private func largest(_ logits: [Float]) -> Int {
        var best = 0
        for index in logits.indices where logits[index] > logits[best] { best = index }
        return best
    }

    private mutating func draw(
        _ logits: [Float],
        largest: Float,
        _ parameters: SamplingParameters,
        _ uniform: Double
    ) -> Int {
        Temperature(temperature: parameters.temperature).candidates(logits, largest: largest, into: &candidates)
        MinP(minP: parameters.minP).apply(to: &candidates)
        TopK(k: parameters.effectiveTopK).apply(to: &candidates)
        for index in candidates.indices { candidates[index].weight = exp(candidates[index].score) }
        TopP(p: parameters.topP).apply(to: &candidates)

        var rest = uniform * candidates.reduce(0) { $0 + Double($1.weight) }
        for candidate in candidates {
            rest -= Double(candidate.weight)
            if rest < 0 { return Int(candidate.id) }
        }
        // Rounding can leave a rest behind the last candidate; the most probable one is always among them.
        return candidates.first { $0.score == 0 }.map { Int($0.id) } ?? 0
    }

    private mutating func logprobs(_ logits: [Float], of id: Int, top count: Int) -> TokenLogprobs {
        let largest = logits[largest(logits)]
        let normalizer = log(logits.reduce(0.0) { $0 + Double(exp($1 - largest)) })
        func logprob(_ logit: Float) -> Float { Float(Double(logit - largest) - normalizer) }
        candidates.removeAll(keepingCapacity: true)
        for (id, logit) in logits.enumerated() { candidates.append(Candidate(id: Int32(id), score: logit)) }
        let count = min(count, candidates.count)
        candidates.selectFirst(count)
        let top = candidates.prefix(count).sorted { $0.precedes($1) }
        return TokenLogprobs(
            logprob: logprob(logits[id]),
            top: top.map { TokenLogprobs.Alternative(id: Int($0.id), logprob: logprob($0.score)) }
        )
    }
}

/// A drawn token.
struct SampledToken {
    var id: Int
    var logprobs: TokenLogprobs?
}
