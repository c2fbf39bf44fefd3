import ArgumentParser
import CapacityPlanning
import DeviceRuntime
import DeviceSimulation
import Foundation
import Kongur

/// What people ask of a planned service, and what it must keep.
struct PlanArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Lengths of prompts and answers: vibethinker (thousands of tokens of thinking), article (512 and 512), or a file of lines {\"prompt\": 200, \"answer\": 6000}, with \"at\": seconds where it says when they came.",
            valueName: "name|lengths.jsonl"
        )
    )
    var workload = "vibethinker"

    @Option(
        help: ArgumentHelp("Tokens of prompts, in place of the workload's.", valueName: "tokens|median:p95[:longest]")
    )
    var promptTokens: String?

    @Option(
        help: ArgumentHelp("Tokens of answers, in place of the workload's.", valueName: "tokens|median:p95[:longest]")
    )
    var answerTokens: String?

    @Option(help: "Tokens at the beginning of every prompt that are the same, and found in the cache.")
    var sharedPrefix = 0

    @Option(help: "Requests a second for one replica; where not given, the most that keep the targets are searched.")
    var arrivalRate: Double?

    @Option(help: ArgumentHelp("How long that rate is measured, on the simulated clock.", valueName: "seconds"))
    var duration: Double?

    @Option(help: "Requests that each simulation measures where --duration is not given.")
    var requests = 600

    @Option(help: "The most requests in one step.")
    var maxSequences = 256

    @Option(help: "The most tokens in one step.")
    var tokenBudget = 2048

    @Option(
        name: .customLong("target-ttft"),
        help: ArgumentHelp("The time to the first token to keep.", valueName: "seconds")
    )
    var targetTimeToFirst = 2.0

    @Option(
        name: .customLong("target-tpot"),
        help: ArgumentHelp("The time for each token after it to keep, in the mean of an answer.", valueName: "seconds")
    )
    var targetTimePerToken = 0.1

    @Option(help: "The share of requests that must keep both.")
    var targetShare = 0.95

    @Option(help: "Plan replicas for so many people, through a day.")
    var users: Int?

    @Option(help: "How often each of them asks in a day.")
    var requestsPerUser = 5.0

    @Option(
        help: ArgumentHelp(
            "When in the day: day (most in the evening), flat, or 24 numbers with commas.",
            valueName: "day|flat|n,n,..."
        )
    )
    var profile = "day"

    @Option(help: "US dollars for an hour of the device, in place of the descriptor's.")
    var pricePerHour: Double?

    @Option(
        name: .customLong("pass-at-1"),
        help: "The share of problems solved at the first attempt, for the cost of one."
    )
    var passAt1: Double?

    @Option(help: "The seed of what is drawn.")
    var seed: UInt64 = 0

    /// Throws for what makes no sense, naming the option.
    func options(model: String, shape: DecoderShape, form: DecoderWork.Form) throws -> PlanOptions {
        var options = PlanOptions(model: model, shape: shape)
        options.form = form
        options.workload = try lengths()
        options.seed = seed
        options.maxSequences = maxSequences
        options.tokenBudget = tokenBudget
        options.arrivalRate = arrivalRate
        options.duration = duration
        options.requests = requests
        options.targetTimeToFirst = targetTimeToFirst
        options.targetTimePerToken = targetTimePerToken
        options.targetShare = targetShare
        options.users = users
        options.requestsPerUser = requestsPerUser
        options.profile = try dayProfile()
        options.pricePerHour = pricePerHour
        options.passAt1 = passAt1
        try options.validate()
        return options
    }

    private func lengths() throws -> Workload {
        var workload: Workload
        if let named = Workload.named.first(where: { $0.name == self.workload }) {
            workload = named
        } else if self.workload.contains(".") || self.workload.contains("/") || self.workload == "-" {
            workload = try Workload(jsonLines: InputFile.readText(self.workload), file: self.workload)
        } else {
            let names = Workload.named.map(\.name).joined(separator: ", ")
            throw KongurError(.invalidInput, "there is no workload '\(self.workload)'; there are \(names), and files")
        }
        workload.sharedPrefix = sharedPrefix
        guard promptTokens != nil || answerTokens != nil else { return workload }
        guard case .drawn(var prompt, var answer) = workload.lengths else {
            throw KongurError(.invalidInput, "--prompt-tokens and --answer-tokens take the place of a file of lengths")
        }
        if let promptTokens { prompt = try LengthDistribution(promptTokens, label: "--prompt-tokens") }
        if let answerTokens { answer = try LengthDistribution(answerTokens, label: "--answer-tokens") }
        workload.lengths = .drawn(prompt: prompt, answer: answer)
        workload.source =
            promptTokens != nil && answerTokens != nil ? "as given" : "as given, and otherwise \(workload.source)"
        workload.name = "given"
        return workload
    }

    private func dayProfile() throws -> DayProfile {
        switch profile {
        case "day": return .day
        case "flat": return .flat
        default:
            let numbers = profile.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
            guard !numbers.contains(nil) else {
                throw KongurError(.invalidInput, "--profile is '\(profile)': give day, flat or 24 numbers with commas")
            }
            return try DayProfile(numbers.compactMap(\.self))
        }
    }
}
