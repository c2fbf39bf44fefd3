import Foundation
import KongurTesting
import Testing

@testable import InferenceEngine

/// The sampler against a plain implementation that sorts, in double precision.
@Suite struct SamplerTests {
    /// Probabilities of what may be drawn, by id.
    private func reference(
        _ logits: [Float],
        _ parameters: SamplingParameters,
        prompt: [Int] = [],
        answer: [Int] = []
    ) -> [Int: Double] {
        var scores = logits.map(Double.init)
        for id in Set(prompt + answer) {
            let penalty = Double(parameters.repetitionPenalty)
            scores[id] = scores[id] > 0 ? scores[id] / penalty : scores[id] * penalty
        }
        for id in answer { scores[id] -= Double(parameters.frequencyPenalty) }
        for id in Set(answer) { scores[id] -= Double(parameters.presencePenalty) }
        for (id, bias) in parameters.logitBias { scores[id] += Double(bias) }
        scores = scores.map { $0 / Double(parameters.temperature) }

        var sorted = scores.enumerated().sorted {
            $0.element != $1.element ? $0.element > $1.element : $0.offset < $1.offset
        }
        let largest = sorted[0].element
        sorted.removeAll { exp($0.element - largest) < Double(parameters.minP) }
        if let k = parameters.topK, k > 0 { sorted = Array(sorted.prefix(k)) }
        let total = sorted.reduce(0) { $0 + exp($1.element - largest) }
        var kept: [(Int, Double)] = []
        var mass = 0.0
        for (id, score) in sorted where mass < Double(parameters.topP) * total || kept.isEmpty {
            kept.append((id, exp(score - largest)))
            mass += exp(score - largest)
        }
        return Dictionary(uniqueKeysWithValues: kept.map { ($0.0, $0.1 / mass) })
    }

    private func logits(_ count: Int, seed: UInt64) -> [Float] {
        var random = SeededGenerator(seed)
        return (0..<count).map { _ in .random(in: -4...4, using: &random) }
    }

    /// How often each token is drawn over `draws` positions.
    private func counts(
        _ logits: [Float],
        _ parameters: SamplingParameters,
        prompt: [Int] = [],
        answer: [Int] = [],
        draws: Int
    ) throws -> [Int: Int] {
        var sampler = Sampler()
        var history = TokenHistory(promptTokenIDs: prompt)
        for token in answer { history.append(token) }
        var counts: [Int: Int] = [:]
        for position in 0..<draws {
            var row = logits
            let token = try sampler.sample(&row, parameters, history: history, seed: 7, position: position)
            counts[token.id, default: 0] += 1
        }
        return counts
    }

    /// Pearson's statistic is below the 99.9 % point (Wilson and Hilferty's approximation).
    private func fits(_ counts: [Int: Int], _ probabilities: [Int: Double], draws: Int) -> Bool {
        guard counts.keys.allSatisfy({ probabilities[$0] != nil }) else { return false }
        guard probabilities.count > 1 else { return true }
        let statistic = probabilities.reduce(0) { sum, entry in
            let expected = entry.value * Double(draws)
            let difference = Double(counts[entry.key] ?? 0) - expected
            return sum + difference * difference / expected
        }
        let freedom = Double(probabilities.count - 1)
        let cube = 1 - 2 / (9 * freedom) + 3.09 * (2 / (9 * freedom)).squareRoot()
        return statistic < freedom * cube * cube * cube
    }

    @Test(arguments: [
        SamplingParameters(),
        SamplingParameters(temperature: 0.6),
        SamplingParameters(temperature: 1.7),
        SamplingParameters(topK: 5),
        SamplingParameters(topK: -1),
        SamplingParameters(topP: 0.8),
        SamplingParameters(topP: 0.01),
        SamplingParameters(minP: 0.2),
        SamplingParameters(temperature: 0.8, topK: 9, topP: 0.9, minP: 0.05),
        SamplingParameters(repetitionPenalty: 1.4),
        SamplingParameters(presencePenalty: 1.1),
        SamplingParameters(frequencyPenalty: 0.7),
        SamplingParameters(repetitionPenalty: 0.8, presencePenalty: -0.5, frequencyPenalty: 0.3),
        SamplingParameters(logitBias: [0: 2, 3: -100, 7: 1.5]),
    ])
    func drawsFollowTheReferenceDistribution(_ parameters: SamplingParameters) throws {
        let logits = logits(24, seed: 11)
        let (prompt, answer) = ([1, 2, 3, 3], [2, 5, 5, 5, 8])
        let expected = reference(logits, parameters, prompt: prompt, answer: answer)
        let counts = try counts(logits, parameters, prompt: prompt, answer: answer, draws: 6000)
        #expect(fits(counts, expected.filter { $0.value > 5e-4 || counts[$0.key] != nil }, draws: 6000))
    }

    @Test func chiSquareTestWouldNoticeAWrongDistribution() throws {
        let logits = logits(24, seed: 11)
        let counts = try counts(logits, SamplingParameters(temperature: 0.9), draws: 6000)
        #expect(!fits(counts, reference(logits, SamplingParameters(temperature: 1.1)), draws: 6000))
    }

    /// Selection on many tokens, where a partial selection could go wrong at its edges.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func selectionKeepsWhatSortingWouldKeep(seed: UInt64) {
        var random = SeededGenerator(seed)
        let count = Int.random(in: 1...2000, using: &random)
        // Few distinct values, so that there are ties.
        let logits = (0..<count).map { _ in Float(Int.random(in: -20...20, using: &random)) / 4 }
        let largest = logits.max() ?? 0
        func select(_ apply: (inout [Candidate]) -> Void) -> Set<Int> {
            var candidates: [Candidate] = []
            Temperature(temperature: 1).candidates(logits, largest: largest, above: -.infinity, into: &candidates)
            for index in candidates.indices { candidates[index].weight = exp(candidates[index].score) }
            apply(&candidates)
            return Set(candidates.map { Int($0.id) })
        }
        let k = Int.random(in: 1...count, using: &random)
        #expect(select { TopK(k: k).apply(to: &$0) } == Set(reference(logits, SamplingParameters(topK: k)).keys))
        let p = Float.random(in: 0.01..<1, using: &random)
        #expect(
            select { candidates in
                let total = candidates.reduce(0) { $0 + Double($1.weight) }
                _ = TopP(p: p).apply(to: &candidates, of: total)
            } == Set(reference(logits, SamplingParameters(topP: p)).keys)
        )
        let m = Float.random(in: 0...1, using: &random)
        #expect(select { MinP(minP: m).apply(to: &$0) } == Set(reference(logits, SamplingParameters(minP: m)).keys))
    }

    /// A few probable tokens over a long tail that together counts: what is kept may end before the tail or in it.
    @Test(arguments: [
        SamplingParameters(topP: 0.9),
        SamplingParameters(topP: 0.9995),
        SamplingParameters(topK: 3, topP: 0.9999),
        SamplingParameters(topK: 400),
        SamplingParameters(minP: 1e-3),
        SamplingParameters(topP: 0.999, minP: 1e-7),
        SamplingParameters(temperature: 3, topP: 0.7),
        SamplingParameters(),
    ])
    func aLongTailIsKeptWhereItCounts(_ parameters: SamplingParameters) throws {
        var random = SeededGenerator(3)
        var logits = (0..<5000).map { _ in Float.random(in: -14 ... -13, using: &random) }
        for (id, logit) in [(17, 0), (900, -0.5), (901, -2), (4999, -4)] as [(Int, Float)] { logits[id] = logit }
        let expected = reference(logits, parameters)
        let counts = try counts(logits, parameters, draws: 3000)
        #expect(counts.keys.allSatisfy { expected[$0] != nil })
        let probable = expected.filter { $0.value > 2e-3 }
        let rest = expected.values.reduce(0, +) - probable.values.reduce(0, +)
        let drawnRest = counts.filter { probable[$0.key] == nil }.values.reduce(0, +)
        #expect(fits(counts.filter { probable[$0.key] != nil }, probable, draws: 3000))
        #expect(abs(Double(drawnRest) - 3000 * rest) < 4 * (3000 * rest).squareRoot() + 1)
    }

    @Test func sumsOfExponentialsAreExactToAMillionth() {
        var random = SeededGenerator(5)
        for (count, temperature) in [(1, 1), (15, 0.3), (16, 1), (9001, 0.6), (9001, 5)] as [(Int, Float)] {
            let logits = (0..<count).map { _ in Float.random(in: -30...2, using: &random) }
            let largest = logits.max() ?? 0
            let expected = logits.reduce(0.0) { $0 + exp(Double(($1 - largest) / temperature)) }
            let sum = logits.exponentialSum(largest: largest, temperature: temperature)
            #expect(abs(sum - expected) < 2e-6 * expected, "\(count)")
            #expect(logits.largestLogit() == logits.firstIndex(of: largest))
        }
        #expect(([-.infinity, 1, 3, 3] as [Float]).largestLogit() == 2)
        for bad in [Float.nan, .infinity] {
            for place in [0, 7, 40] {
                var logits = [Float](repeating: 0, count: 41)
                logits[place] = bad
                #expect(logits.largestLogit() == nil)
            }
        }
    }

    @Test func greedyTakesTheLowestOfEquals() throws {
        var sampler = Sampler()
        var row: [Float] = [0, 3, 1, 3, 3]
        let token = try sampler.sample(&row, .greedy, history: TokenHistory(promptTokenIDs: []), seed: 0, position: 0)
        #expect(token.id == 1)
    }

    @Test func tinyTemperatureIsNearlyGreedy() throws {
        let parameters = SamplingParameters(temperature: .leastNonzeroMagnitude)
        #expect(try counts([1, 5, 5.001, 2], parameters, draws: 50) == [2: 50])
    }

    @Test func forbiddenTokensAreNotDrawn() throws {
        var sampler = Sampler()
        for position in 0..<200 {
            var row: [Float] = [5, 0, 0]
            let token = try sampler.sample(
                &row,
                SamplingParameters(),
                history: TokenHistory(promptTokenIDs: []),
                forbidden: [0, 900],
                seed: 1,
                position: position
            )
            #expect(token.id != 0)
        }
    }

    @Test(arguments: [[1, .nan, 0], [.infinity, 0, 0], [-.infinity, -.infinity, -.infinity]] as [[Float]])
    func brokenLogitsAreAnError(_ logits: [Float]) {
        var sampler = Sampler()
        var row = logits
        do {
            _ = try sampler.sample(
                &row,
                SamplingParameters(),
                history: TokenHistory(promptTokenIDs: []),
                seed: 0,
                position: 0
            )
            Issue.record("a token was drawn from \(logits)")
        } catch {
            #expect(error.code == .invalidLogits)
        }
    }

    @Test func minusInfinityOnlyForbids() throws {
        #expect(try counts([-.infinity, 0, -.infinity], SamplingParameters(topP: 0.9), draws: 20) == [1: 20])
    }

    @Test func logprobsComeFromTheRawLogits() throws {
        var sampler = Sampler()
        var row: [Float] = [1, 2, 3, 0]
        let token = try sampler.sample(
            &row,
            SamplingParameters(temperature: 0, logitBias: [2: -50], logprobs: 2),
            history: TokenHistory(promptTokenIDs: []),
            seed: 0,
            position: 0
        )
        let normalizer = Float(log(exp(1.0) + exp(2.0) + exp(3.0) + 1))
        let logprobs = try #require(token.logprobs)
        #expect(token.id == 1)
        #expect(abs(logprobs.logprob - (2 - normalizer)) < 1e-5)
        #expect(logprobs.top.map(\.id) == [2, 1])
        #expect(abs(logprobs.top[0].logprob - (3 - normalizer)) < 1e-5)
    }

    @Test func randomNumbersDependOnSeedAndPositionAlone() {
        let source = RandomSource(seed: 42)
        let drawn = (0..<1000).map { source.uniform(at: $0) }
        #expect(drawn == (0..<1000).reversed().map { source.uniform(at: $0) }.reversed())
        #expect(Set(drawn).count == 1000)
        #expect(drawn.allSatisfy { (0..<1).contains($0) })
        let neighbour = (0..<1000).map { RandomSource(seed: 43).uniform(at: $0) }
        #expect(Set(drawn).isDisjoint(with: neighbour))
    }

    @Test func parametersOutOfRangeAreRefusedByName() {
        let refused: [(SamplingParameters, String)] = [
            (SamplingParameters(temperature: -1), "temperature"),
            (SamplingParameters(temperature: .nan), "temperature"),
            (SamplingParameters(temperature: .infinity), "temperature"),
            (SamplingParameters(topP: 0), "top_p"),
            (SamplingParameters(topP: .nan), "top_p"),
            (SamplingParameters(minP: 1.5), "min_p"),
            (SamplingParameters(repetitionPenalty: 0), "repetition_penalty"),
            (SamplingParameters(presencePenalty: 2.5), "presence_penalty"),
            (SamplingParameters(frequencyPenalty: -.infinity), "frequency_penalty"),
            (SamplingParameters(logitBias: [10: 1]), "logit_bias"),
            (SamplingParameters(logitBias: [-1: 1]), "logit_bias"),
            (SamplingParameters(logitBias: [1: .nan]), "logit_bias"),
            (SamplingParameters(logprobs: 21), "logprobs"),
        ]
        for (parameters, name) in refused {
            do {
                try parameters.validate(vocabularySize: 10)
                Issue.record("\(name) was accepted")
            } catch {
                #expect(error.code == .invalidRequest)
                #expect(error.message.contains(name))
            }
        }
    }
}
