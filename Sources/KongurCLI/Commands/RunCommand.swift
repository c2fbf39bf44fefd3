import ArgumentParser
import Foundation
import Kongur

/// `kongur run`: one answer.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Answer one question.",
        usage: """
            kongur run [<options>] PROMPT
            kongur run [<options>] MODEL PROMPT
            kongur run [<options>] [MODEL] [PROMPT] < FILE
            kongur run [<options>] [MODEL] --token-ids 1,2,3
            """,
        discussion: """
            MODEL is a checkpoint folder, an ONNX file, a compiled model, a pulled model as OWNER/NAME, or pebble, the bundled \
            one, which is the default.

            Standard input is read where it is no terminal: it is the prompt, or stands behind it after a blank line. PROMPT \
            may be -, which is standard input, too. Loops that read it themselves give `< /dev/null`.

            Where the output is no terminal it is the answer alone.
            """
    )

    @Argument(
        help: ArgumentHelp("The model and the prompt.", valueName: "arguments"),
        completion: Completions.models
    )
    var positional: [String] = []

    @OptionGroup(title: "Model") var model: ModelArguments
    @OptionGroup(title: "Sampling") var sampling: SamplingArguments
    @OptionGroup(title: "Format") var format: FormatArguments

    @OptionGroup var system: SystemArguments
    @OptionGroup var thinking: ThinkingArguments

    @Option(
        name: .customLong("token-ids"),
        help: ArgumentHelp("Continue these tokens instead of a prompt.", valueName: "1,2,3")
    )
    var tokenIDs: TokenIDList?

    @Option(
        help: ArgumentHelp(
            "Write what a simulated device did and when, for Perfetto or Chrome's tracing page.",
            valueName: "file.json"
        )
    )
    var trace: String?

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    @Flag(inversion: .prefixedNo, help: "Print the answer while it comes, or (--no-stream) once it is complete.")
    var stream = true

    func validate() throws {
        switch (positional.count, tokenIDs) {
        case (0...2, nil), (0...1, .some): break
        case (_, nil): throw ValidationError(RunRequest.usage)
        default: throw ValidationError("With --token-ids, give at most a MODEL.")
        }
    }

    func run() async throws {
        let request =
            try tokenIDs.map { RunRequest(positional, tokenIDs: $0.ids) }
            ?? RunRequest(positional, readsStandardInput: !format.readsStandardInput)
        var parameters = sampling.parameters
        parameters.format = try format.format
        Terminal.restoreOnInterrupt()
        let started = ContinuousClock.now
        var options = model.options
        options.recordsTrace = trace != nil
        let loaded = try LanguageModel.loadWithProgress(request.model, options)
        let simulation = Simulation(loaded)
        if trace != nil, simulation == nil {
            throw KongurError(.invalidInput, "--trace goes with a simulated device, such as --device k20")
        }
        let loading = ContinuousClock.now - started
        let bound = AnswerBound.bounding(&parameters, loaded)
        let result = try await answer(loaded, request.input, parameters)
        if json {
            try Console.print(json: AnswerRecord(result, loading: loading, simulation: simulation?.report))
        } else {
            Console.note(AnswerSummary(result).line)
            if let simulation { Console.note(simulation.line) }
        }
        if let bound, result.finishReason == .length, result.usage.completionTokens >= bound.tokens {
            Console.note(bound.note)
        }
        if let trace { try simulation?.writeTrace(to: trace) }
    }

    private func answer(
        _ loaded: LanguageModel,
        _ input: RunRequest.Input,
        _ parameters: GenerationParameters
    ) async throws -> GenerationResult {
        let events: AsyncThrowingStream<GenerationEvent, any Error>
        switch input {
        case .tokenIDs(let ids):
            events = loaded.generate(tokenIDs: ids, parameters)
        case .prompt(let text):
            if LanguageHint.isMostlyChinese(text) { Console.note(LanguageHint.text) }
            if let system = system.text {
                events = loaded.generate(messages: [Message(.system, system), Message(.user, text)], parameters)
            } else {
                events = loaded.generate(text, parameters)
            }
        }
        var printer = AnswerPrinter(thinking: thinking.display(default: true))
        var pieces: [AnswerEvent] = []
        for try await event in events {
            if json {
                // Printed as a whole.
            } else if stream {
                printer.print(AnswerEvent(event))
            } else {
                pieces.append(AnswerEvent(event))
            }
            guard case .finished(let result) = event else { continue }
            for piece in pieces { printer.print(piece) }
            return result
        }
        throw KongurError(.cancelled, "the answer was cancelled")
    }
}
