import BatchJobs
import OpenAIServer

/// Asks many lines, some at once, and keeps each result before it counts.
struct BatchRun: Sendable {
    struct Counts: Sendable {
        var answered = 0
        var failed = 0

        var done: Int { answered + failed }
    }

    let lines: [BatchLine]
    let concurrency: Int
    let report: @Sendable (Counts) -> Void

    /// Returns when every line has its result.
    ///
    /// Throws what `ask` and `keep` throw; what is under way ends then, and what was kept is kept. `keep` is called for one
    /// result at a time.
    func run(
        ask: @escaping @Sendable (BatchLine) async throws -> BatchAnswering.Result,
        keep: ([UInt8]) throws -> Void
    ) async throws -> Counts {
        try await withThrowingTaskGroup(of: BatchAnswering.Result.self) { group in
            defer { group.cancelAll() }
            var (waiting, counts) = (lines[...], Counts())
            report(counts)
            for line in waiting.prefix(concurrency) { group.addTask { try await ask(line) } }
            waiting = waiting.dropFirst(concurrency)
            while let result = try await group.next() {
                try keep(result.bytes)
                if result.isAnswer { counts.answered += 1 } else { counts.failed += 1 }
                report(counts)
                if let line = waiting.popFirst() { group.addTask { try await ask(line) } }
            }
            return counts
        }
    }
}
