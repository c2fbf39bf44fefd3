import CapacityPlanning
import Foundation

/// Plans of several devices side by side, as text.
struct PlanTable {
    let plans: [DevicePlan]
    let options: PlanOptions

    private static let label = 34

    var text: String {
        guard let first = plans.first else { return "" }
        var lines = [
            "\(first.model), \(first.quantize), workload \(first.workload.name): prompts of \(Self.count(first.workload.meanPromptTokens)) and answers of \(Self.count(first.workload.meanAnswerTokens)) tokens in the mean",
            "simulated from descriptors: none of these devices was used",
            "",
        ]
        let width = max(14, plans.map { $0.device.count }.max() ?? 0)
        func row(_ label: String, _ value: (DevicePlan) -> String?) {
            let cells = plans.map { plan in
                let cell = value(plan) ?? "-"
                return "  " + String(repeating: " ", count: max(0, width - cell.count)) + cell
            }
            lines.append(label.padding(toLength: Self.label, withPad: " ", startingAt: 0) + cells.joined())
        }
        row("") { $0.device }
        row("memory") { Self.bytes($0.memory.deviceBytes) }
        row("needed for one request") { Self.bytes($0.memoryBytes) }
        row("  weights") { Self.bytes($0.memory.weightBytes) }
        row("  cache of the longest answer") { Self.bytes($0.memory.cacheBytesOfLongest) }
        row("fits") { $0.fits ? "yes" : "no" }
        row("tokens that the cache holds") { $0.fits ? Self.count(Double($0.memory.cacheTokens)) : nil }
        lines.append("one request alone, prompt of 512")
        row("  first token") { Self.seconds($0.timeToFirstToken) }
        row("  each token after it") { Self.seconds($0.timePerOutputToken) }
        row("  the same without fusions") { Self.seconds($0.timePerOutputTokenUnfused) }
        row("  kernels for a token, unfused") { "\($0.launchesPerToken), \($0.launchesPerTokenUnfused)" }
        row("  answer of 512 tokens") { Self.seconds($0.answerOf512Tokens) }
        row("  answer of mean length") { Self.seconds($0.answerOfMeanTokens) }
        lines.append(
            "under load (\(Self.percent(options.targetShare)) within \(Self.seconds(options.targetTimeToFirst)) to the first token, \(Self.seconds(options.targetTimePerToken)) for each)"
        )
        row("  most tokens/s, always waiting") { $0.saturatedTokensPerSecond.map(Self.count) }
        row("  largest requests/s in target") { plan in
            plan.largestArrivalRate.map(Self.digits) ?? (plan.fits && options.arrivalRate == nil ? "none" : nil)
        }
        row("  simulated requests/s") { $0.load.map { Self.digits($0.arrivalRate) } }
        row("  first token, p50") { Self.time($0.load?.timeToFirst["p50"]?.value) }
        row("  first token, p95") { Self.time($0.load?.timeToFirst["p95"]?.value) }
        row("  each token, p95") { Self.time($0.load?.timePerToken["p95"]?.value) }
        row("  between tokens, p99") { Self.time($0.load?.gaps["p99"]) }
        row("  whole answer, p50") { Self.time($0.load?.answer["p50"]?.value) }
        row("  whole answer, p95") { Self.time($0.load?.answer["p95"]?.value) }
        row("  tokens/s") { $0.tokensPerSecond.map(Self.count) }
        row("  at once, mean") { $0.load.map { Self.digits($0.meanConcurrency) } }
        row("  cache in use, mean and most") {
            $0.load.map { "\(Self.percent($0.cacheOccupancy)), \(Self.percent($0.peakCacheOccupancy))" }
        }
        row("  preemptions") { $0.load.map { "\($0.preemptions)" } }
        row("  busy") { $0.load.map { Self.percent($0.utilisation) } }
        lines.append("money, US dollars")
        row("  an hour") { $0.pricePerHour.map(Self.digits) }
        row("  a million tokens") { $0.costPerMillionTokens.map(Self.digits) }
        row("  an answer") { $0.costPerAnswer.map(Self.digits) }
        if options.passAt1 != nil { row("  a solved problem") { $0.costPerSolvedProblem.map(Self.digits) } }
        if let users = options.users {
            lines.append("\(users) people, \(Self.digits(options.requestsPerUser)) requests a day each")
            row("  requests/s in the busiest hour") { $0.users.map { Self.digits($0.peakArrivalRate) } }
            row("  replicas") { $0.users.map { "\($0.replicas)" } }
            row("  a day") { $0.users?.costPerDay.map(Self.digits) }
            row("  a million tokens") { $0.users?.costPerMillionTokens.map(Self.digits) }
            row("  first token, p95 of the day") { Self.time($0.users?.timeToFirst95) }
            row("  each token, p95 of the day") { Self.time($0.users?.timePerToken95) }
            row("  busy, mean") { $0.users.map { Self.percent($0.meanUtilisation) } }
        }
        lines.append("")
        for plan in plans {
            let unverified = plan.unverified.isEmpty ? "none" : plan.unverified.joined(separator: ", ")
            lines.append("\(plan.device): \(plan.title). \(plan.note)".trimmingCharacters(in: .whitespaces))
            lines.append("  not verified: \(unverified)")
        }
        lines.append("workload: \(first.workload.source)")
        return lines.joined(separator: "\n")
    }

    // MARK: Numbers

    private static func time(_ value: Double?) -> String? { value.map(seconds) }

    private static func seconds(_ value: Double) -> String {
        switch value {
        case ..<1: String(format: "%.3g ms", 1000 * value)
        case ..<120: String(format: "%.3g s", value)
        case ..<7200: String(format: "%.0f min", value / 60)
        case ..<172_800: String(format: "%.0f h", value / 3600)
        default: String(format: "%.0f days", value / 86_400)
        }
    }

    private static func bytes(_ count: Int) -> String { String(format: "%.2f GB", Double(count) / 1e9) }
    private static func percent(_ share: Double) -> String { String(format: "%.0f%%", 100 * share) }
    private static func count(_ value: Double) -> String {
        switch value {
        case ..<99_999.5: String(format: "%.0f", value)
        case ..<999_500: String(format: "%.0f thousand", value / 1e3)
        default: String(format: "%.3g million", value / 1e6)
        }
    }
    private static func digits(_ value: Double) -> String {
        value >= 1000 ? count(value) : String(format: "%.3g", value)
    }
}
