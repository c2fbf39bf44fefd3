#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Draws the next token from a row of logits.
///
/// The order: tokens that the answer's form does not allow; repetition, presence and frequency penalty; logit bias; tokens
/// that are not allowed yet; temperature; min-p; top-k; top-p; draw. Log-probabilities come from the logits after the first of
/// these. Cost is a few passes over the vocabulary. One sampler serves all requests, for its working memory; what belongs to a
/// request is in the arguments.
package struct Sampler: ~Copyable {
    private var candidates: [Candidate] = []

    package init() {}

    /// The token at `position` of the answer, drawn from `logits`, which it may change.
    ///
    /// Only tokens of `allowed` can be drawn, where it is given (see `TokenConstraint`), and no `forbidden` ones. Throws
    /// `.invalidLogits` for NaN, for infinity, and when no token is possible; `.noAllowedToken` when none is allowed.
    package mutating func sample(
        _ logits: inout [Float],
        _ parameters: SamplingParameters,
        history: TokenHistory,
        allowed: [UInt64]? = nil,
        forbidden: Set<Int> = [],
        seed: UInt64,
        position: Int
    ) throws(EngineError) -> SampledToken {
        if let allowed { AllowedTokens(mask: allowed).apply(to: &logits) }
        guard let place = logits.largestLogit() else { throw Self.fault(of: logits) }
        if allowed != nil, logits[place] == -.infinity { throw .noAllowedToken }
        // The drawn token is not known yet, so the raw logits are kept for its log-probability.
        let raw = parameters.logprobs == nil ? [] : logits
        if parameters.hasPenalties {
            RepetitionPenalty(penalty: parameters.repetitionPenalty).apply(to: &logits, history)
            PresencePenalty(penalty: parameters.presencePenalty).apply(to: &logits, history)
            FrequencyPenalty(penalty: parameters.frequencyPenalty).apply(to: &logits, history)
        }
        LogitBias(biases: parameters.logitBias).apply(to: &logits)
        for id in forbidden where logits.indices.contains(id) { logits[id] = -.infinity }

        let isChanged = parameters.hasPenalties || !parameters.logitBias.isEmpty || !forbidden.isEmpty
        guard let largest = isChanged ? logits.largestLogit() : place else { throw Self.fault(of: logits) }
        if logits[largest] == -.infinity, !forbidden.isEmpty { throw .noAllowedToken }
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

    private static func fault(of logits: [Float]) -> EngineError {
        guard let bad = logits.firstIndex(where: { $0.isNaN || $0 == .infinity }) else {
            return EngineError(.invalidLogits, "the model gave no logits")
        }
        return EngineError(
            .invalidLogits,
            "the model gave \(logits[bad]) as the logit of token \(bad): its weights or the device's arithmetic are broken"
        )
    }

    private mutating func draw(
        _ logits: [Float],
        largest: Float,
        _ parameters: SamplingParameters,
        _ uniform: Double
    ) -> Int {
        let total = choose(logits, largest: largest, parameters)
        var rest = uniform * total
        for candidate in candidates {
            rest -= Double(candidate.weight)
            if rest < 0 { return Int(candidate.id) }
        }
        // Rounding can leave a rest behind the last candidate; the most probable one is always among them.
        return candidates.first { $0.score == 0 }.map { Int($0.id) } ?? 0
    }

    /// Makes `candidates` what may be drawn, and returns the sum of their weights.
    ///
    /// Most of a vocabulary is so improbable that min-p, top-k or top-p drop it. So candidates are first those near the
    /// largest, and all only where these do not hold everything that is kept.
    private mutating func choose(_ logits: [Float], largest: Float, _ parameters: SamplingParameters) -> Double {
        let (temperature, minP) = (Temperature(temperature: parameters.temperature), MinP(minP: parameters.minP))
        let k = parameters.effectiveTopK ?? .max
        for cutoff in [-12, -.infinity] as [Float] {
            temperature.candidates(logits, largest: largest, above: cutoff, into: &candidates)
            minP.apply(to: &candidates)
            let isComplete = cutoff == -.infinity || minP.threshold > cutoff || k <= candidates.count
            guard isComplete || (parameters.minP == 0 && k == .max && parameters.topP < 1) else { continue }
            TopK(k: parameters.effectiveTopK).apply(to: &candidates)
            for index in candidates.indices { candidates[index].weight = exp(candidates[index].score) }
            var total = candidates.reduce(0) { $0 + Double($1.weight) }
            if !isComplete {
                let near = total
                total = logits.exponentialSum(largest: largest, temperature: parameters.temperature)
                // A share of the rest that rounding could hide is looked at, too.
                guard near >= Double(parameters.topP) * total * 1.00001 else { continue }
            }
            return TopP(p: parameters.topP).apply(to: &candidates, of: total)
        }
        return 0
    }

    private mutating func logprobs(_ logits: [Float], of id: Int, top count: Int) -> TokenLogprobs {
        let largest = logits.largestLogit().map { logits[$0] } ?? 0
        let normalizer = log(logits.exponentialSum(largest: largest, temperature: 1))
        func logprob(_ logit: Float) -> Float { Float(Double(logit - largest) - normalizer) }
        candidates.removeAll(keepingCapacity: true)
        for (id, logit) in logits.enumerated() where logit > -.infinity {
            candidates.append(Candidate(id: Int32(id), score: logit))
        }
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
package struct SampledToken {
    package var id: Int
    package var logprobs: TokenLogprobs?
}
