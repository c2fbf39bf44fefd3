import Foundation

/// How well a model did at a task.
package struct EvaluationReport: Sendable, Hashable {
    /// The figures of the whole task, or of one family of problems.
    package struct Score: Sendable, Hashable {
        package var correct: Int
        package var total: Int
        /// Different problems; fewer than `total` when each was asked more than once.
        package var problems: Int

        /// The share of right responses; 0 when there are none.
        package var accuracy: Double { total == 0 ? 0 : Double(correct) / Double(total) }

        /// Wilson's 95 % interval of the accuracy.
        ///
        /// Responses to the same problem are not independent, so that the number of problems counts, not of responses.
        package var interval: ClosedRange<Double> { WilsonInterval.of(accuracy, count: problems) }
    }

    package var task: String
    package var overall: Score
    package var families: [String: Score]
    /// Responses in which no answer was found.
    package var withoutAnswer: Int
    /// Responses that reached their limit of tokens.
    package var cutOff: Int
    /// Of a response; nil when no response says how many.
    package var meanTokens: Double?
    /// By `k`: the chance that at least one of `k` responses is right; for each power of two that was asked often enough.
    package var passAtK: [Int: Double]

    package init(task: String, results: [EvaluationResult]) {
        self.task = task
        overall = Self.score(results)
        families = Dictionary(grouping: results.filter { $0.family != nil }) { $0.family ?? "" }.mapValues(Self.score)
        withoutAnswer = results.count { $0.extracted == nil }
        cutOff = results.count { $0.isCutOff == true }
        let tokens = results.compactMap(\.tokens)
        meanTokens = tokens.isEmpty ? nil : Double(tokens.reduce(0, +)) / Double(tokens.count)
        let byProblem = Dictionary(grouping: results, by: \.id).values.map {
            (count: $0.count, correct: $0.count(where: \.correct))
        }
        passAtK = [:]
        var k = 1
        while let fewest = byProblem.map(\.count).min(), k <= fewest {
            passAtK[k] =
                byProblem.reduce(0) { $0 + PassAtK.estimate(k, count: $1.count, correct: $1.correct) }
                / Double(byProblem.count)
            k *= 2
        }
    }

    private static func score(_ results: [EvaluationResult]) -> Score {
        Score(
            correct: results.count(where: \.correct),
            total: results.count,
            problems: Set(results.map(\.id)).count
        )
    }

    /// The report as one JSON object: `accuracy`, `correct`, `total`, `interval`, `families` and the rest.
    package var json: String {
        var object = Self.object(overall)
        object["task"] = task
        object["families"] = families.mapValues(Self.object)
        object["without_answer"] = withoutAnswer
        object["cut_off"] = cutOff
        if let meanTokens { object["mean_tokens"] = meanTokens }
        object["pass_at"] = Dictionary(uniqueKeysWithValues: passAtK.map { (String($0), $1) })
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data = (try? JSONSerialization.data(withJSONObject: object, options: options)) ?? Data("{}".utf8)
        return String(decoding: data, as: UTF8.self)
    }

    private static func object(_ score: Score) -> [String: Any] {
        [
            "accuracy": score.accuracy, "correct": score.correct, "total": score.total, "problems": score.problems,
            "interval": [score.interval.lowerBound, score.interval.upperBound],
        ]
    }
}

/// The interval that holds a share with 95 % confidence, which stays sensible at 0, at 1 and for few trials.
package enum WilsonInterval {
    package static func of(_ share: Double, count: Int) -> ClosedRange<Double> {
        guard count > 0 else { return 0...1 }
        let z = 1.959963984540054
        let n = Double(count)
        let middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        return max(0, middle - half)...min(1, middle + half)
    }
}

/// The chance that at least one of `k` responses is right, without bias, from `count` responses to one problem.
package enum PassAtK {
    /// One minus the chance to draw `k` wrong ones of `count`, of which `correct` are right.
    package static func estimate(_ k: Int, count: Int, correct: Int) -> Double {
        precondition(
            k >= 1 && k <= count && (0...count).contains(correct),
            "k of count responses, correct of them right"
        )
        guard count - correct >= k else { return 1 }
        var allWrong = 1.0
        for index in 0..<k { allWrong *= Double(count - correct - index) / Double(count - index) }
        return 1 - allWrong
    }
}
