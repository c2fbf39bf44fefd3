import ArgumentParser
import Evaluation
import Foundation
import Kongur

/// `kongur eval`: how many problems of a file a model solves.
struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measure a model's accuracy on a file of problems.",
        discussion: """
            Each line of the file is {"problem": "...", "answer": "..."}, with "family" if there are any; "question" and \
            answers that end in "#### 36" are read too. An answer is right when its last \\boxed{}, or else what stands \
            behind its last ####, equals the file's as mathematics. With --results, a run that was stopped goes on where \
            it was.
            """
    )

    @Argument(help: "The model; the bundled one where not given.", completion: Completions.models)
    var name: String?

    @Option(
        help: ArgumentHelp(
            "The file of problems. Default: the 600 problems that come with the bundled model.",
            valueName: "problems.jsonl"
        )
    )
    var task: String?

    @Option(help: ArgumentHelp("Keep each result here.", valueName: "results.jsonl"))
    var results: String?

    @Option(help: "Take this many problems from the start.")
    var limit: Int?

    @Option(help: "Answers to each problem; the accuracy is their mean.")
    var attempts = 1

    @Option(help: "Problems that are with the model at the same time.")
    var concurrency = 16

    @Option(help: "A text to add to each problem.")
    var suffix = ""

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    @OptionGroup(title: "Model") var model: ModelArguments
    @OptionGroup(title: "Sampling") var sampling: SamplingArguments

    func validate() throws {
        for (name, value) in [("attempts", attempts), ("concurrency", concurrency), ("limit", limit ?? 1)]
        where value < 1 {
            throw ValidationError("--\(name) must be at least 1.")
        }
    }

    func run() async throws {
        do {
            let report = try await evaluate()
            Console.print(json ? report.json : Self.table(report))
        } catch let error as EvaluationError {
            throw KongurError(Self.code(error.code), error.description, cause: error)
        }
    }

    private func evaluate() async throws -> EvaluationReport {
        let path = try task ?? ModelLocator().locate(nil).path + "/evaluation.jsonl"
        let problems = try JSONLTask(path: path, suffix: suffix, limit: limit)
        let loaded = try LanguageModel.loadWithProgress(name, model.options)
        let parameters = sampling.parameters
        var runner = EvaluationRunner(task: problems)
        runner.attempts = attempts
        runner.concurrency = concurrency
        runner.resultsPath = results
        runner.settings =
            "\(loaded.path) \(model.weights.form.rawValue) \(model.cache.kvCache?.form.rawValue ?? "") \(parameters)"
        let bar = ProgressBar()
        defer { bar.clear() }
        let report = try await runner.run { progress in
            let share = progress.done == 0 ? 0 : 100 * progress.correct / progress.done
            bar.show(done: progress.done, of: progress.total, unit: .items, note: "\(share) % right")
        } generate: { sample, attempt in
            var parameters = parameters
            // Each attempt draws differently, and the same way when it is run again.
            parameters.seed = (parameters.seed ?? 0) &+ UInt64(attempt)
            let result = try await loaded.answer(sample.prompt, parameters)
            return EvaluationResponse(
                result.text,
                tokens: result.usage.completionTokens,
                isCutOff: result.finishReason == .length
            )
        }
        bar.clear()
        if report.withoutAnswer == report.overall.total, report.overall.total > 0 {
            Console.note(
                "No answer was in \\boxed{}. Ask for it: --suffix \" Put your final answer within \\boxed{}.\""
            )
        }
        return report
    }

    private static func code(_ code: EvaluationError.Code) -> KongurError.Code {
        switch code {
        case .invalidTask, .invalidResults: .invalidInput
        case .fileSystem, .generationFailed: .failed
        case .cancelled: .cancelled
        }
    }

    /// The report for a person: a line for each family, then all of them.
    private static func table(_ report: EvaluationReport) -> String {
        let families = report.families.sorted { $0.key < $1.key }.map { line($0.key, $0.value) }
        var lines = families + [line("all", report.overall)]
        if let tokens = report.meanTokens {
            lines.append(
                String(format: "%.0f tokens an answer, ", tokens)
                    + "\(report.withoutAnswer) without an answer, \(report.cutOff) cut off"
            )
        }
        return lines.joined(separator: "\n")
    }

    private static func line(_ name: String, _ score: EvaluationReport.Score) -> String {
        let interval = score.interval
        return name.padding(toLength: max(16, name.count), withPad: " ", startingAt: 0)
            + String(
                format: "%5.1f %%  (%d of %d; 95 %% sure of %.1f to %.1f %%)",
                100 * score.accuracy,
                score.correct,
                score.total,
                100 * interval.lowerBound,
                100 * interval.upperBound
            )
    }
}
