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
            kongur run [<options>] [MODEL] --token-ids 1,2,3
            """,
        discussion: """
            MODEL is a checkpoint folder, an ONNX file, a compiled model, the name of a pulled model, or left out for the \
            bundled one. PROMPT may be -, which reads it from standard input.
            """
    )

    @Argument(help: ArgumentHelp("The model and the prompt.", valueName: "arguments"))
    var positional: [String] = []

    @OptionGroup(title: "Model") var model: ModelArguments
    @OptionGroup(title: "Sampling") var sampling: SamplingArguments
    @OptionGroup(title: "Format") var format: FormatArguments

    @Option(help: "A system message to put before the prompt.")
    var system: String?

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

    @Flag(inversion: .prefixedNo, help: "Print the answer while it comes.")
    var stream = true

    private enum Request {
        case prompt(String)
        case tokenIDs([Int])
    }

    func validate() throws {
        switch (positional.count, tokenIDs) {
        case (1...2, nil), (0...1, .some): break
        case (_, nil): throw ValidationError("Give a PROMPT, or a MODEL and a PROMPT.")
        default: throw ValidationError("With --token-ids, give at most a MODEL.")
        }
    }

    func run() async throws {
        let (name, request) = try arguments()
        var parameters = sampling.parameters
        parameters.format = try format.format
        Terminal.restoreOnInterrupt()
        let started = ContinuousClock.now
        var options = model.options
        options.recordsTrace = trace != nil
        let loaded = try LanguageModel.loadWithProgress(name, options)
        let simulation = Simulation(loaded)
        if trace != nil, simulation == nil {
            throw KongurError(.invalidInput, "--trace goes with a simulated device, such as --device k20")
        }
        let loading = ContinuousClock.now - started
        let result = try await answer(loaded, request, parameters)
        if json {
            try Console.print(json: AnswerRecord(result, loading: loading, simulation: simulation?.report))
        } else {
            Console.note(AnswerSummary(result).line)
            if let simulation { Console.note(simulation.line) }
        }
        if let trace { try simulation?.writeTrace(to: trace) }
    }

    private func arguments() throws -> (model: String?, Request) {
        if let tokenIDs { return (positional.first, .tokenIDs(tokenIDs.ids)) }
        let text = positional.last ?? ""
        var isFolder: ObjCBool = false
        if positional.count == 1, FileManager.default.fileExists(atPath: text, isDirectory: &isFolder),
            isFolder.boolValue
        {
            Console.note(
                "kongur: note: '\(text)' is taken as the prompt; to run the model in it: kongur run \(text) PROMPT"
            )
        }
        return (positional.count == 2 ? positional[0] : nil, .prompt(text == "-" ? try InputFile.readText("-") : text))
    }

    private func answer(
        _ loaded: LanguageModel,
        _ request: Request,
        _ parameters: GenerationParameters
    ) async throws -> GenerationResult {
        let events: AsyncThrowingStream<GenerationEvent, any Error>
        switch request {
        case .tokenIDs(let ids):
            events = loaded.generate(tokenIDs: ids, parameters)
        case .prompt(let text):
            if LanguageHint.isMostlyChinese(text) { Console.note(LanguageHint.text) }
            if let system {
                events = loaded.generate(
                    messages: [Message(.system, system), Message(.user, text)],
                    parameters
                )
            } else {
                events = loaded.generate(text, parameters)
            }
        }
        var printer = AnswerPrinter()
        for try await event in events {
            if stream, !json { printer.print(AnswerEvent(event)) }
            guard case .finished(let result) = event else { continue }
            if !stream, !json { Console.print(result.text) }
            return result
        }
        throw KongurError(.cancelled, "the answer was cancelled")
    }
}
