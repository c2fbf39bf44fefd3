import HTTPTypes
import InferenceEngine
import NIOCore
import Synchronization
import TextGeneration

/// What happens in a run, in order, until it is passed on.
///
/// Whoever draws never waits: what a slow client has not read is kept, in memory that is counted, and when there is no more
/// of it the run ends. What is kept elsewhere anyway is taken from there as the client reads.
final class EventQueue: Sendable {
    private typealias Next = Result<RunEvent?, any Error>

    private struct State {
        var events = CircularBuffer<RunEvent>()
        var end: Result<Void, any Error>?
        var hasTick = false
        /// Who waits for an event, and who waits until some are taken.
        var taker: CheckedContinuation<RunEvent?, any Error>?
        var giver: CheckedContinuation<Void, Never>?
        var onEnd: (@Sendable () -> Void)?
    }

    /// Events that wait at once where they are taken from elsewhere.
    private static let few = 32

    private let memory: AccountMemory.Share
    /// Whether who takes an event keeps it until the run ends.
    private let keeps: Bool
    private let state = Mutex(State())

    init(_ memory: AccountMemory.Share, keeps: Bool) {
        self.memory = memory
        self.keeps = keeps
    }

    /// Adds an event; ends the run when there is no memory for it.
    func add(_ event: RunEvent) {
        if memory.take(event.byteCount) { append(event) } else { finish(throwing: APIError.unread) }
    }

    /// Adds an event when the client has read most of those before; false when the run is over.
    func addInTurn(_ event: RunEvent) async -> Bool {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.end == nil, state.events.count >= Self.few else { return true }
                state.giver = continuation
                return false
            }
            if isFree { continuation.resume() }
        }
        add(event)
        return state.withLock { $0.end == nil }
    }

    /// Calls `onEnd` when the run ends, for whatever reason and however much is still to be read; at once when it has.
    func onEnd(_ onEnd: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if state.end == nil { state.onEnd = onEnd }
            return state.end != nil
        }
        if isOver { onEnd() }
    }

    /// Says that time has passed; once, however long nobody listens.
    func tick() {
        let isNew = state.withLock { state in
            defer { state.hasTick = true }
            return !state.hasTick
        }
        if isNew { append(.tick) }
    }

    private func append(_ event: RunEvent) {
        let taker = state.withLock { state -> CheckedContinuation<RunEvent?, any Error>? in
            guard state.end == nil else { return nil }
            if let taker = state.taker {
                state.taker = nil
                if case .tick = event { state.hasTick = false }
                return taker
            }
            state.events.append(event)
            return nil
        }
        guard let taker else { return }
        taken(event)
        taker.resume(returning: event)
    }

    func finish() { finish(.success(())) }

    /// Ends the run with an error, behind what was added before.
    func finish(throwing error: any Error) { finish(.failure(error)) }

    private func finish(_ end: Result<Void, any Error>) {
        let (taker, giver, onEnd) = state.withLock { state in
            if state.end == nil { state.end = end }
            return (state.taker.take(), state.giver.take(), state.onEnd.take())
        }
        onEnd?()
        giver?.resume()
        taker?.resume(with: end.map { nil })
    }

    /// The next event, nil at the end; for one task at a time.
    ///
    /// Throws what the run was ended with, and nothing when the task is cancelled: then it is over.
    func next() async throws -> RunEvent? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (found, giver) = state.withLock { state -> (Next?, CheckedContinuation<Void, Never>?) in
                    if let event = state.events.popFirst() {
                        if case .tick = event { state.hasTick = false }
                        return (.success(event), state.events.count < Self.few / 2 ? state.giver.take() : nil)
                    }
                    if let end = state.end { return (end.map { nil }, nil) }
                    state.taker = continuation
                    return (nil, nil)
                }
                giver?.resume()
                if case .success(let event?) = found { taken(event) }
                if let found { continuation.resume(with: found) }
            }
        } onCancel: {
            finish()
        }
    }

    private func taken(_ event: RunEvent) {
        if !keeps { memory.giveBack(event.byteCount) }
    }
}

extension RunEvent {
    /// What it takes in memory, about.
    var byteCount: Int {
        let own = MemoryLayout<RunEvent>.stride
        return switch self {
        case .answer(_, .answer(let text)), .answer(_, .reasoning(let text)): own + text.utf8.count
        case .answer(_, .toolArguments(_, let text)): own + text.utf8.count
        case .answer(_, .logprobs(let token)): own + 128 * (1 + token.top.count)
        case .answer(_, .finished(let result)): own + 2 * result.text.utf8.count + 8 * result.tokenIDs.count
        case .answer(_, .toolCall), .prefilled, .tick: own
        }
    }
}

extension APIError {
    /// The client has left too much of its answer unread.
    static let unread = APIError(
        .serviceUnavailable,
        type: "overloaded_error",
        "the answer is read more slowly than it is written, and there is no more memory for it: read faster, or ask for less",
        code: "memory_full",
        retryAfter: 1
    )
}
