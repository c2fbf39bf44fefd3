import Foundation
import OpenAIClient

/// What a load test has shown, as `--json` prints it.
struct LoadReport: Encodable {
    /// Milliseconds within which an answer is good.
    struct Goals: Encodable {
        var firstMs: Double?
        var perTokenMs: Double?

        func areMet(_ timing: AnswerTiming) -> Bool {
            guard let first = timing.timeToFirstPiece else { return false }
            let perToken = timing.timePerToken?.inMilliseconds ?? 0
            return first.inMilliseconds <= firstMs ?? .infinity && perToken <= perTokenMs ?? .infinity
        }

        enum CodingKeys: String, CodingKey {
            case firstMs = "ttft_ms"
            case perTokenMs = "itl_ms"
        }
    }

    struct Failure: Encodable {
        /// A status, or what happened to the connection.
        var kind: String
        var count: Int
        /// The first of them in words.
        var message: String
    }

    var server: String
    var model: String
    var load: String
    var seconds: Double
    var requests: Int
    var completed: Int
    var failures: [Failure]
    var requestsPerSecond: Double
    var outputTokensPerSecond: Double
    /// Nil when the server does not count them.
    var promptTokensPerSecond: Double?
    /// `usage`, the server's own count, or `pieces` of the stream.
    var tokensCountedBy: String
    /// Means.
    var promptTokens: Double?
    var cachedTokens: Double?
    var outputTokens: Double
    /// To the first piece of an answer.
    var timeToFirst: Distribution?
    /// Between one piece and the next, over all answers.
    var betweenPieces: Distribution?
    /// The time for each token after the first: one value for each answer.
    var perToken: Distribution?
    var endToEnd: Distribution?
    var goals: Goals?
    /// The share of all requests that met the goals.
    var goodput: Double?

    enum CodingKeys: String, CodingKey {
        case server, model, load, seconds, requests, completed, failures, goals, goodput
        case requestsPerSecond = "requests_per_s"
        case outputTokensPerSecond = "output_tokens_per_s"
        case promptTokensPerSecond = "prompt_tokens_per_s"
        case tokensCountedBy = "tokens_counted_by"
        case promptTokens = "prompt_tokens"
        case cachedTokens = "cached_tokens"
        case outputTokens = "output_tokens"
        case timeToFirst = "ttft_ms"
        case betweenPieces = "itl_ms"
        case perToken = "time_per_token_ms"
        case endToEnd = "e2e_ms"
    }

    /// `seconds` is from the first request to the last answer.
    init(_ outcomes: [RequestOutcome], server: String, model: String, load: String, seconds: Double, goals: Goals?) {
        self.server = server
        self.model = model
        self.load = load
        self.seconds = seconds
        self.goals = goals
        requests = outcomes.count
        let complete = outcomes.filter { $0.failure == nil }
        let timings = complete.map(\.timing)
        completed = complete.count
        failures = Dictionary(grouping: outcomes.compactMap(\.failure), by: \.kind)
            .map { Failure(kind: $0, count: $1.count, message: $1[0].message) }
            .sorted { ($1.count, $0.kind) < ($0.count, $1.kind) }
        let usages = timings.compactMap(\.usage)
        let isCounted = !timings.isEmpty && usages.count == timings.count
        tokensCountedBy = isCounted ? "usage" : "pieces"
        let tokens = timings.map { isCounted ? $0.tokens : $0.pieces }.reduce(0, +)
        let perSecond = seconds > 0 ? 1 / seconds : 0
        requestsPerSecond = Double(completed) * perSecond
        outputTokensPerSecond = Double(tokens) * perSecond
        let mean = { (total: Int) in complete.isEmpty ? 0 : Double(total) / Double(complete.count) }
        outputTokens = mean(tokens)
        if isCounted {
            let prompts = usages.map(\.promptTokens).reduce(0, +)
            promptTokensPerSecond = Double(prompts) * perSecond
            promptTokens = mean(prompts)
            cachedTokens = mean(usages.map(\.cachedTokens).reduce(0, +))
        }
        timeToFirst = Distribution(timings.compactMap(\.timeToFirstPiece?.inMilliseconds))
        betweenPieces = Distribution(timings.flatMap { $0.gaps.map(\.inMilliseconds) })
        perToken = Distribution(timings.compactMap(\.timePerToken?.inMilliseconds))
        endToEnd = Distribution(complete.map(\.total.inMilliseconds))
        goodput = goals.flatMap { goals in
            outcomes.isEmpty ? nil : Double(timings.count(where: goals.areMet)) / Double(outcomes.count)
        }
    }
}

extension LoadReport {
    /// For a person.
    var table: String {
        var lines = [
            "\(model) at \(server): \(load)", "",
            String(
                format: "%d of %d requests complete in %.1f s: %.2f requests/s, %.1f tokens/s written%@",
                completed,
                requests,
                seconds,
                requestsPerSecond,
                outputTokensPerSecond,
                promptTokensPerSecond.map { String(format: ", %.1f tokens/s of prompts read", $0) } ?? ""
            ),
        ]
        if let promptTokens, let cachedTokens {
            lines.append(
                String(
                    format: "on average %.1f tokens of prompt, %.1f of them in the server's cache, and %.1f of answer",
                    promptTokens,
                    cachedTokens,
                    outputTokens
                )
            )
        } else {
            lines.append(
                String(
                    format: "on average %.1f pieces of answer: the server counts no tokens, so pieces are",
                    outputTokens
                )
            )
        }
        lines += ["", "milliseconds            mean       p50       p90       p99       max"]
        for (name, distribution) in [
            ("to the first token", timeToFirst), ("between two pieces", betweenPieces), ("for each token", perToken),
            ("to the whole answer", endToEnd),
        ] {
            let numbers = distribution.map { [$0.mean, $0.p50, $0.p90, $0.p99, $0.max] } ?? []
            lines.append(
                name.padding(toLength: 20, withPad: " ", startingAt: 0)
                    + (numbers.isEmpty ? "         -" : numbers.map { String(format: "%10.2f", $0) }.joined())
            )
        }
        if let goals, let goodput {
            let wanted = [
                goals.firstMs.map { String(format: "the first token within %.0f ms", $0) },
                goals.perTokenMs.map { String(format: "%.0f ms for each later one", $0) },
            ].compactMap { $0 }.joined(separator: " and ")
            lines += ["", String(format: "goodput: %.1f%% of the requests had %@", 100 * goodput, wanted)]
        }
        if !failures.isEmpty { lines.append("") }
        lines += failures.map { "\($0.count) failed, \($0.kind): \($0.message)" }
        return lines.joined(separator: "\n")
    }
}

extension Duration {
    var inMilliseconds: Double { 1000 * inSeconds }
}
