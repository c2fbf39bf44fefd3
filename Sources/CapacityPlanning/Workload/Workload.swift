import InferenceEngine

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Foundation
#endif

/// One request of a simulated day.
package struct PlannedRequest: Sendable, Hashable {
    /// Seconds from the start.
    package var arrival: Double
    /// Tokens of prompt and answer.
    package var prompt: Int
    package var answer: Int

    package init(arrival: Double, prompt: Int, answer: Int) {
        self.arrival = arrival
        self.prompt = prompt
        self.answer = answer
    }
}

/// What people ask: how long prompts and answers are, and when they come where that is known.
package struct Workload: Sendable, Hashable {
    package var name: String
    /// Where its numbers are from.
    package var source: String
    package var lengths: Lengths
    /// Tokens at the beginning that all prompts have in common.
    package var sharedPrefix = 0

    package enum Lengths: Sendable, Hashable {
        case drawn(prompt: LengthDistribution, answer: LengthDistribution)
        /// Taken from a record, one after the other and again from its beginning; nil `arrivals` come at random.
        case recorded([RecordedLengths])
    }

    package struct RecordedLengths: Sendable, Hashable {
        package var prompt: Int
        package var answer: Int
        /// Seconds from the record's start.
        package var arrival: Double?
    }

    package init(name: String, source: String, lengths: Lengths, sharedPrefix: Int = 0) {
        self.name = name
        self.source = source
        self.lengths = lengths
        self.sharedPrefix = sharedPrefix
    }

    /// Competition problems, as VibeThinker is made for: thousands of tokens of thinking.
    package static let vibeThinker = Workload(
        name: "vibethinker",
        source:
            "assumed: its authors publish the longest answer (40960 tokens) but no distribution; short prompts, and answers of 6000 tokens in the middle",
        lengths: .drawn(
            prompt: .logNormal(median: 160, p95: 480, longest: 2048),
            answer: .logNormal(median: 6000, p95: 24_000, longest: 40_960)
        )
    )

    /// What the article describes: a context of 512 tokens, and 512 new ones.
    package static let article = Workload(
        name: "article",
        source: "the article: a context of 512 to 1024 tokens, max_new_tokens=512",
        lengths: .drawn(prompt: .constant(512), answer: .constant(512))
    )

    package static let named = [vibeThinker, article]

    /// Means of prompts and answers.
    package var meanPrompt: Double { mean(\.prompt) { prompt, _ in prompt } }
    package var meanAnswer: Double { mean(\.answer) { _, answer in answer } }

    /// The longest prompt, and the longest answer.
    package var longestPrompt: Int { longest(\.prompt) { prompt, _ in prompt } }
    package var longestAnswer: Int { longest(\.answer) { _, answer in answer } }

    /// Whether the record says when requests come.
    package var hasArrivals: Bool {
        if case .recorded(let records) = lengths { return records.allSatisfy { $0.arrival != nil } }
        return false
    }

    /// `count` requests, the same for the same seed: at random (a Poisson process) with `rate` a second, all at once where
    /// the rate is infinite, or where the record says.
    package func requests(_ count: Int, rate: Double, seed: UInt64) -> [PlannedRequest] {
        let (arrivals, prompts) = (RandomSource(seed: seed), RandomSource(seed: RandomSource.mix(seed ^ 1)))
        let answers = RandomSource(seed: RandomSource.mix(seed ^ 2))
        var time = 0.0
        return (0..<count).map { index in
            time -= log(1 - arrivals.uniform(at: index)) / rate
            let (prompt, answer) =
                switch lengths {
                case .drawn(let prompt, let answer):
                    (prompt.sample(prompts, at: index), answer.sample(answers, at: index))
                case .recorded(let records):
                    (records[index % records.count].prompt, records[index % records.count].answer)
                }
            return PlannedRequest(arrival: time, prompt: max(prompt, sharedPrefix + 1), answer: answer)
        }
    }

    /// The record as it was, from its first request on; nil where it does not say when requests came.
    package var trace: [PlannedRequest]? {
        guard hasArrivals, case .recorded(let records) = lengths else { return nil }
        let start = records.compactMap(\.arrival).min() ?? 0
        return records.map {
            PlannedRequest(
                arrival: ($0.arrival ?? 0) - start,
                prompt: max($0.prompt, sharedPrefix + 1),
                answer: $0.answer
            )
        }
        .sorted { $0.arrival < $1.arrival }
    }

    private func mean(
        _ record: (RecordedLengths) -> Int,
        _ distribution: (LengthDistribution, LengthDistribution) -> LengthDistribution
    ) -> Double {
        switch lengths {
        case .drawn(let prompt, let answer): distribution(prompt, answer).mean
        case .recorded(let records): Double(records.reduce(0) { $0 + record($1) }) / Double(records.count)
        }
    }

    private func longest(
        _ record: (RecordedLengths) -> Int,
        _ distribution: (LengthDistribution, LengthDistribution) -> LengthDistribution
    ) -> Int {
        switch lengths {
        case .drawn(let prompt, let answer): distribution(prompt, answer).longest
        case .recorded(let records): records.map(record).max() ?? 0
        }
    }
}
