import InferenceEngine
import TextGeneration
import Tracing

/// What happens while the answers to one request are drawn.
enum RunEvent: Sendable {
    case answer(choice: Int, TextEvent)
    /// A shared prompt is in the cache; this much of it had been there before.
    case prefilled(cachedTokens: Int)
    /// Some seconds have passed.
    case tick
}

/// All answers to one request, drawn side by side.
///
/// Ends early, and with it every answer, when the client is gone, the time is up, the server gives up, or the task is
/// cancelled.
struct GenerationRun: Sendable {
    var generator: TextGenerator
    /// Each with its answers, numbered one after the other.
    var prompts: [PreparedPrompt]
    /// Answers to each prompt.
    var count: Int
    var options: GenerationOptions
    var connection: Connection
    var ticket: AdmissionTicket
    /// Told what became of the answers.
    var span: (any Span)?
    var tick: Duration
    var timeout: Duration

    var choices: Int { prompts.count * count }

    /// Draws the answers and hands over what happens, one event at a time.
    ///
    /// Throws `ClientGone`, `APIError` when the server ended it, and what the engine throws.
    func run(_ handle: (RunEvent) async throws -> Void) async throws {
        let (events, source) = AsyncThrowingStream.makeStream(of: RunEvent.self)
        connection.watch { source.finish(throwing: ClientGone()) }
        ticket.onCancel { source.finish(throwing: $0) }
        defer {
            connection.unwatch()
            ticket.release()
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                do {
                    try await draw(into: source)
                    source.finish()
                } catch {
                    source.finish(throwing: error)
                }
            }
            group.addTask {
                while (try? await EventLoopTimer.sleep(for: tick)) != nil { source.yield(.tick) }
            }
            group.addTask {
                if (try? await EventLoopTimer.sleep(for: timeout)) != nil { source.finish(throwing: APIError.timedOut) }
            }
            var results: [GenerationResult] = []
            var prefilled: Int?
            defer {
                span?.describe(
                    results,
                    promptTokens: prompts.reduce(0) { $0 + $1.tokenIDs.count },
                    cachedTokens: prefilled ?? results.reduce(0) { $0 + $1.usage.cachedTokens }
                )
            }
            for try await event in events {
                switch event {
                case .answer(_, .finished(let result)): results.append(result)
                case .prefilled(let cached): prefilled = (prefilled ?? 0) + cached
                case .answer, .tick: break
                }
                try await handle(event)
            }
            // A cancelled task's stream ends as if all had been said.
            try Task.checkCancellation()
            ticket.release(drawnTokens: results.reduce(0) { $0 + $1.usage.completionTokens } / choices)
        }
    }

    private func draw(into source: AsyncThrowingStream<RunEvent, any Error>.Continuation) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, prompt) in prompts.enumerated() {
                group.addTask {
                    if count > 1 {
                        // What the answers share is computed once, before they part.
                        let cached = try await generator.prefill(prompt, options)
                        source.yield(.prefilled(cachedTokens: cached))
                    }
                    try await drawAnswers(prompt, first: index * count, into: source)
                }
            }
            try await group.waitForAll()
        }
    }

    private func drawAnswers(
        _ prompt: PreparedPrompt,
        first: Int,
        into source: AsyncThrowingStream<RunEvent, any Error>.Continuation
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<count {
                var options = options
                // One seed gives different answers, and the first of them is the one that it gives alone.
                options.sampling.seed = options.sampling.seed.map { $0 &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15 }
                let events = generator.generate(prompt, options)
                group.addTask {
                    for try await event in events { source.yield(.answer(choice: first + index, event)) }
                    try Task.checkCancellation()
                }
            }
            try await group.waitForAll()
        }
    }
}

/// The client has closed its side of the connection.
struct ClientGone: Error {}
