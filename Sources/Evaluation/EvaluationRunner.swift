/// Asks a model the samples of a task, several at a time, and keeps what it answers.
package struct EvaluationRunner: Sendable {
    /// Answers one sample; `attempt` counts from 0 and may serve as a seed.
    package typealias Generate =
        @Sendable (_ sample: EvaluationSample, _ attempt: Int) async throws -> EvaluationResponse

    /// How far a run is.
    package struct Progress: Sendable, Hashable {
        package var done: Int
        package var total: Int
        package var correct: Int
    }

    package let task: any EvaluationTask
    /// Responses to each sample.
    package var attempts = 1
    /// Samples that are with the model at the same time.
    package var concurrency = 8
    /// Where each result is appended, and what an earlier run left is found; nil keeps nothing.
    package var resultsPath: String?
    /// The model and its settings, so that results of different ones never mix in a file.
    package var settings = ""

    package init(task: any EvaluationTask) {
        self.task = task
    }

    /// Runs what the results file does not hold yet, and reports on everything.
    ///
    /// `progress` is called after each result. Throws `.generationFailed` when the model fails on a sample; results until
    /// then are kept, and the next run goes on from them. Cancelling the task stops the run in the same way.
    package func run(
        progress: @Sendable (Progress) -> Void = { _ in },
        generate: @escaping Generate
    ) async throws(EvaluationError) -> EvaluationReport {
        precondition(attempts > 0 && concurrency > 0, "an evaluation asks at least once, one at a time")
        var file: ResultsFile?
        if let resultsPath { file = try ResultsFile(path: resultsPath, task: task.name, fingerprint: fingerprint) }
        var results = Dictionary((file?.earlier ?? []).map { (Key($0.id, $0.attempt), $0) }) { $1 }
        let wanted = task.samples.flatMap { sample in (0..<attempts).map { (sample, $0) } }
        results = results.filter { key, _ in key.attempt < attempts }
        let missing = wanted.filter { results[Key($0.0.id, $0.1)] == nil }
        var done = Progress(done: results.count, total: wanted.count, correct: results.values.count(where: \.correct))
        progress(done)
        do {
            try await withThrowingTaskGroup(of: EvaluationResult.self) { group in
                var rest = missing.makeIterator()
                func startNext() {
                    guard let (sample, attempt) = rest.next() else { return }
                    group.addTask { try await answer(sample, attempt, generate) }
                }
                for _ in 0..<concurrency { startNext() }
                while let result = try await group.next() {
                    try file?.append(result)
                    results[Key(result.id, result.attempt)] = result
                    done.done += 1
                    if result.correct { done.correct += 1 }
                    progress(done)
                    startNext()
                }
            }
        } catch let error as EvaluationError {
            throw error
        } catch {
            throw EvaluationError(.cancelled, "the evaluation was stopped; run it again to go on")
        }
        return EvaluationReport(task: task.name, results: wanted.compactMap { results[Key($0.0.id, $0.1)] })
    }

    private struct Key: Hashable {
        let id: String
        let attempt: Int

        init(_ id: String, _ attempt: Int) {
            self.id = id
            self.attempt = attempt
        }
    }

    private func answer(_ sample: EvaluationSample, _ attempt: Int, _ generate: Generate) async throws
        -> EvaluationResult
    {
        let response: EvaluationResponse
        do {
            try Task.checkCancellation()
            response = try await generate(sample, attempt)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw EvaluationError(
                .generationFailed,
                "\(task.name): the model failed on problem \(sample.id): \(error)",
                cause: error
            )
        }
        // A model that stops when it is cancelled has not given its answer.
        try Task.checkCancellation()
        let grade = task.grade(response.text, to: sample)
        return EvaluationResult(
            id: sample.id,
            attempt: attempt,
            family: sample.family,
            correct: grade.isCorrect,
            answer: sample.answer,
            extracted: grade.extracted,
            response: response.text,
            tokens: response.tokens,
            isCutOff: response.isCutOff ? true : nil
        )
    }

    /// Changes with the settings and with every prompt and answer (FNV-1a, 64 bits).
    ///
    /// The number of attempts is left out, so that a run with more goes on from one with fewer.
    private var fingerprint: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in [settings] + task.samples.flatMap({ [$0.id, $0.prompt, $0.answer] }) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xFF) &* 0x100_0000_01b3
        }
        return String(hash, radix: 16)
    }
}
