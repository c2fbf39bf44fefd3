import HTTPTypes
import InferenceEngine
import ResponseCaching
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

/// Where the events of a request's answers come from.
enum AnswerSource: Sendable {
    /// They are drawn for it alone.
    case drawing
    case kept([RunEvent])
    /// They are drawn for whoever listens.
    case flight(FlightListener<AnswerCache.FlightEvent>)

    /// Whether nothing is computed: the times of answers that were kept are those of another request.
    var isKept: Bool { if case .kept = self { true } else { false } }
}

/// All answers to one request, drawn for it or for another one like it, and handed over as they come.
///
/// Ends early, and with it every answer that nobody else listens to, when the client is gone, the time is up, the server
/// gives up, or the task is cancelled.
struct GenerationRun: Sendable {
    var drawing: AnswerDrawing
    var source: AnswerSource
    var connection: Connection
    var ticket: AdmissionTicket
    /// What the events take that are not passed on.
    var memory: AccountMemory.Share
    /// Whether who is told of an event keeps it until all have come.
    var keepsEvents = false
    /// Told what became of the answers.
    var span: (any Span)?
    var tick: Duration
    var timeout: Duration

    /// Draws the answers and hands over what happens, one event at a time; gives what they cost.
    ///
    /// Throws `ClientGone`, `APIError` when the server ended it, and what the engine throws.
    func run(_ handle: (RunEvent) async throws -> Void) async throws -> Usage {
        let events = EventQueue(memory, keeps: keepsEvents)
        connection.watch { events.finish(throwing: ClientGone()) }
        ticket.onCancel { events.finish(throwing: $0) }
        defer {
            connection.unwatch()
            ticket.release()
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                do {
                    try await draw(into: events)
                    events.finish()
                } catch {
                    events.finish(throwing: error)
                }
            }
            group.addTask {
                while (try? await EventLoopTimer.sleep(for: tick)) != nil { events.tick() }
            }
            group.addTask {
                if (try? await EventLoopTimer.sleep(for: timeout)) != nil { events.finish(throwing: APIError.timedOut) }
            }
            var results: [GenerationResult] = []
            var prefilled: Int?
            func usage() -> Usage {
                Usage(
                    promptTokens: drawing.prompts.reduce(0) { $0 + $1.tokenIDs.count },
                    cachedTokens: prefilled ?? results.reduce(0) { $0 + $1.usage.cachedTokens },
                    answers: results.map(\.usage)
                )
            }
            defer {
                let usage = usage()
                span?.describe(
                    results,
                    promptTokens: usage.promptTokens,
                    cachedTokens: usage.promptTokensDetails.cachedTokens
                )
            }
            while let event = try await events.next() {
                switch event {
                case .answer(_, .finished(let result)): results.append(result)
                case .prefilled(let cached): prefilled = (prefilled ?? 0) + cached
                case .answer, .tick: break
                }
                try await handle(event)
            }
            // A cancelled task's stream ends as if all had been said.
            try Task.checkCancellation()
            var cost = usage()
            if !self.source.isKept { cost.timings = Timings(results) }
            cost.summary = AnswerSummary(results, isKept: self.source.isKept)
            return cost
        }
    }

    private func draw(into events: EventQueue) async throws {
        switch source {
        case .drawing:
            defer { ticket.leavePlace() }
            // It ends with the run, and not when the client has read what it still gets.
            let answers = Task { [drawing] in try await drawing.draw { events.add($0) } }
            events.onEnd { answers.cancel() }
            let tokens = try await withTaskCancellationHandler {
                try await answers.value
            } onCancel: {
                answers.cancel()
            }
            ticket.leavePlace(drawnTokens: tokens)
        case .kept(let kept):
            guard memory.take(kept.reduce(0) { $0 + $1.byteCount }) else { throw APIError.unread }
            for event in kept {
                guard await events.addInTurn(event) else { return }
            }
        case .flight(let listener):
            defer { listener.leave() }
            do {
                while let event = try await listener.next() {
                    if case .run(let event) = event, await !events.addInTurn(event) { return }
                }
            } catch FlightError.fellBehind {
                throw APIError(
                    .internalServerError,
                    type: "server_error",
                    "the answer came faster than it could be passed on: ask again",
                    code: "fell_behind"
                )
            }
        }
    }
}

/// The client has closed its side of the connection.
struct ClientGone: Error {}
