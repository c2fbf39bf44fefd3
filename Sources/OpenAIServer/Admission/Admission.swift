import HTTPTypes
import InferenceEngine
import Synchronization

/// Lets requests in, in front of the engine: refuses those that would wait too long, and all of them while the server
/// is shutting down.
package final class Admission: Sendable {
    private struct State {
        var queue: AdmissionQueue
        var tickets: [UInt64: Weak] = [:]
        var drainSeconds: Int?
        /// Tokens a second, prompts included, as measured while there was work.
        var speed: Double?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// A ticket belongs to its request.
    private struct Weak {
        weak var ticket: AdmissionTicket?
    }

    private let state: Mutex<State>

    init(_ limits: AdmissionQueue.Limits) {
        state = Mutex(State(queue: AdmissionQueue(limits)))
    }

    /// Takes a request in; its ticket holds the place until the answers are drawn, and counts as work until it is released.
    ///
    /// Throws a 429 with the seconds after which there should be room, or a 503 while the server shuts down.
    func admit(
        answers: Int,
        promptTokens: Int,
        newTokens: Int,
        account: Account = .anonymous
    ) throws(APIError) -> AdmissionTicket {
        let result = state.withLock { state -> Result<AdmissionTicket, APIError> in
            if let seconds = state.drainSeconds {
                var error = APIError.shuttingDown
                error.retryAfter = seconds
                return .failure(error)
            }
            let id = state.queue.add(
                answers: answers,
                promptTokens: promptTokens,
                newTokens: newTokens,
                account: account
            )
            guard let id else {
                return .failure(
                    APIError(
                        .tooManyRequests,
                        type: "overloaded_error",
                        "too many requests are waiting: ask again later",
                        code: "queue_full",
                        retryAfter: Self.seconds(state.queue.expectedTokens, state.speed)
                    )
                )
            }
            let ticket = AdmissionTicket(id: id, self)
            state.tickets[id] = Weak(ticket: ticket)
            return .success(ticket)
        }
        return try result.get()
    }

    /// Takes in a request for whose answers nobody has to wait, or that waits for those of another.
    ///
    /// Throws a 503 while the server shuts down.
    func attend() throws(APIError) -> AdmissionTicket { try admit(answers: 0, promptTokens: 0, newTokens: 0) }

    /// Answers that run or wait.
    package var answers: Int { state.withLock { $0.queue.answers } }
    package var waitingTokens: Int { state.withLock { $0.queue.waiting.tokens } }
    package var isDraining: Bool { state.withLock { $0.drainSeconds != nil } }

    func measured(tokensPerSecond: Double) {
        state.withLock { state in
            state.speed = state.speed.map { $0 + (tokensPerSecond - $0) / 4 } ?? tokensPerSecond
        }
    }

    /// Takes nobody in from now on; those who ask are told to come again after `seconds`.
    func drain(seconds: Int) {
        state.withLock { $0.drainSeconds = max(1, seconds) }
    }

    /// Returns when nobody is left.
    func waitUntilIdle() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if !state.tickets.isEmpty { state.waiters.append(continuation) }
                return state.tickets.isEmpty
            }
            if isIdle { continuation.resume() }
        }
    }

    /// Ends every request that is being worked on.
    func cancelAll() {
        let tickets = state.withLock { $0.tickets.values.compactMap(\.ticket) }
        for ticket in tickets { ticket.cancel(.shuttingDown) }
    }

    fileprivate func leavePlace(_ id: UInt64, drawnTokens: Int?) {
        state.withLock { $0.queue.remove(id, drawnTokens: drawnTokens) }
    }

    fileprivate func release(_ id: UInt64) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.queue.remove(id, drawnTokens: nil)
            state.tickets[id] = nil
            guard state.tickets.isEmpty else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private static func seconds(_ tokens: Double, _ speed: Double?) -> Int {
        guard let speed, speed > 0 else { return 1 }
        return Int(min(600, max(1, (tokens / speed).rounded(.up))))
    }
}

/// A request's place, given back when its answers are drawn, and its right to be answered, which ends once, at the latest when
/// nobody holds the ticket any more.
final class AdmissionTicket: Sendable {
    private struct State {
        var isReleased = false
        var ended: APIError?
        var onCancel: (@Sendable (APIError) -> Void)?
    }

    private let id: UInt64
    private let admission: Admission
    private let state = Mutex(State())

    fileprivate init(id: UInt64, _ admission: Admission) {
        self.id = id
        self.admission = admission
    }

    deinit { release() }

    /// Calls `onCancel` when the server ends the request; at once when it has.
    func onCancel(_ onCancel: @escaping @Sendable (APIError) -> Void) {
        let ended = state.withLock { state in
            state.onCancel = onCancel
            return state.ended
        }
        if let ended { onCancel(ended) }
    }

    /// Gives the place to others: the answers are drawn, of so many tokens each, or nil when they did not get to the end.
    ///
    /// The client may still have to read them.
    func leavePlace(drawnTokens: Int? = nil) { admission.leavePlace(id, drawnTokens: drawnTokens) }

    func release() {
        let isFirst = state.withLock { state in
            defer { (state.isReleased, state.onCancel) = (true, nil) }
            return !state.isReleased
        }
        if isFirst { admission.release(id) }
    }

    fileprivate func cancel(_ error: APIError) {
        let onCancel = state.withLock { state in
            state.ended = error
            return state.onCancel
        }
        onCancel?(error)
    }
}
