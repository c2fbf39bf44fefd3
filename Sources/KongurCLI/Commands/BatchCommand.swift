import ArgumentParser
import BatchJobs
import Foundation
import InferenceEngine
import Kongur
import OpenAIServer
import TextGeneration
import Tokenizers

/// `kongur batch`: the answers to a file of requests.
struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Answer the requests of a file, without a server.",
        usage: "kongur batch [<options>] FILE [MODEL]",
        discussion: """
            Each line of the file is a request as OpenAI's batches have it: {"custom_id": "1", "method": "POST", "url": \
            "/v1/chat/completions", "body": {...}}; /v1/completions and /v1/responses can be asked, too. Each line of the \
            output is a result, in the order in which they come: {"id": ..., "custom_id": "1", "response": {"status_code": 200, \
            ...}, "error": null}.

            A run that was stopped, in whatever way, goes on where it was when it is started again with the same output.
            """
    )

    @Argument(help: ArgumentHelp("The file of requests.", valueName: "file"))
    var file: String

    @Argument(help: "The model; the bundled one where not given.", completion: Completions.models)
    var name: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Where results go; FILE.out.jsonl where not given, and - is standard output.",
            valueName: "path"
        )
    )
    var output: String?

    @Option(help: "What requests call the model; by default its own name.")
    var modelName: String?

    @Option(help: "Requests that are with the model at the same time.")
    var concurrency = 32

    @OptionGroup(title: "Model") var model: ModelArguments

    func validate() throws {
        if file == "-" { throw ValidationError("Give a file: its lines are read again when they are asked.") }
        if concurrency < 1 { throw ValidationError("--concurrency must be at least 1.") }
    }

    /// Bytes of a line before the model, and with it the limit of a request, is known.
    private static let longestLine = 64 << 20

    func run() async throws {
        do {
            try await answer()
        } catch let error as BatchError {
            throw KongurError(error.code == .invalidLocation ? .invalidInput : .failed, error.message, cause: error)
        }
    }

    private func answer() async throws {
        let modelName = modelName ?? ServeCommand.name(of: name)
        let requests = try ReadFile(file)
        let input = try BatchInput(
            requests,
            urls: BatchAnswering.urls,
            limits: BatchInput.Limits(lines: .max, lineByteCount: Self.longestLine)
        ) { (request) throws(Batch.Fault) in
            guard request.body["model"]?.string == modelName else {
                let asked = request.body["model"]?.string.map { "'\($0)'" } ?? "none"
                throw Batch.Fault(
                    "model_not_found",
                    "the model that is asked is \(asked) and not '\(modelName)': change the line, or give --model-name"
                )
            }
        }
        guard input.faults.isEmpty else { throw Self.invalid(file, input.faults) }
        let path = output ?? Self.output(for: file)
        let results = try path == "-" ? nil : ResultFile(path, of: input.lines)
        let done = results?.done ?? []
        if !done.isEmpty { Console.note("kongur: \(path) has \(done.count) of \(input.lines.count) results: going on") }
        let waiting = input.lines.filter { !done.contains($0.customID) }
        let counts = waiting.isEmpty ? BatchRun.Counts() : try await ask(waiting, requests, modelName, results)
        let place = path == "-" ? "" : "; the results are in \(path)"
        Console.note(
            "kongur: \(input.lines.count) requests\(counts.failed > 0 ? ", \(counts.failed) failed" : "")\(place)"
        )
        if counts.failed > 0 { throw ExitCode(1) }
    }

    private func ask(
        _ lines: [BatchLine],
        _ requests: ReadFile,
        _ modelName: String,
        _ results: ResultFile?
    ) async throws -> BatchRun.Counts {
        let loaded = try await LanguageModel.load(name, options: model.options)
        for notice in loaded.notices { Console.warn(notice) }
        let served = try ServedModel(loaded, named: modelName, asked: "with text")
        let answering = BatchAnswering(served, version: kongurVersion)
        let bar = ProgressBar(isShown: Console.errorIsTerminal)
        defer { bar.clear() }
        let (earlier, total) = (results?.done.count ?? 0, lines.count + (results?.done.count ?? 0))
        let run = BatchRun(lines: lines, concurrency: concurrency) { counts in
            let failed = counts.failed > 0 ? "\(counts.failed) failed" : ""
            bar.show(done: earlier + counts.done, of: total, unit: .items, note: failed)
        }
        let task = Task {
            try await run.run { line in
                try await answering.answer(line, of: requests, cacheSalt: nil)
            } keep: { result in
                guard let results else { return Console.print(String(decoding: result, as: UTF8.self)) }
                try results.append(result)
            }
        }
        Terminal.onInterrupt { task.cancel() }
        do {
            return try await task.value
        } catch is CancellationError {
            bar.clear()
            if let failure = loaded.engine.failure { throw KongurError(.deviceFailed, failure.message, cause: failure) }
            if results != nil { Console.note("kongur: stopped; the same command goes on where this one was") }
            throw KongurError(.cancelled, "stopped")
        }
    }

    /// Where the results of a file go: `questions.out.jsonl` for `questions.jsonl`.
    static func output(for file: String) -> String {
        (file.hasSuffix(".jsonl") ? String(file.dropLast(".jsonl".count)) : file) + ".out.jsonl"
    }

    private static func invalid(_ file: String, _ faults: [Batch.Fault]) -> KongurError {
        let shown = faults.prefix(10).map { fault in
            "\(file)\(fault.line.map { ":\($0)" } ?? ""): \(fault.message)"
        }
        let more = faults.count > shown.count ? ["and \(faults.count - shown.count) more"] : []
        return KongurError(.invalidInput, (shown + more).joined(separator: "\n"))
    }
}
