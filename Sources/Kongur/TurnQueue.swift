import Synchronization

/// The turns of a conversation, one at a time and in the order in which they were asked for.
final class TurnQueue: Sendable {
    private struct State {
        /// The number of the turn under way.
        var current: Int?
        /// Whether whoever has it reads as slowly as they like.
        var isStreamed = false
        var last = 0
        var waiting: [(number: Int, continuation: CheckedContinuation<Void, any Error>)] = []
    }

    /// The right to speak; ends with `end()`, or when nothing refers to it any more.
    final class Turn: Sendable {
        private let queue: TurnQueue
        private let number: Int

        fileprivate init(_ queue: TurnQueue, _ number: Int) {
            self.queue = queue
            self.number = number
        }

        deinit { end() }

        /// Lets the next one speak; does nothing a second time.
        func end() { queue.end(number) }
    }

    private let state = Mutex(State())

    var isTaken: Bool { state.withLock { $0.current != nil } }

    /// The turn after those that were asked for before.
    ///
    /// Throws `.busy` while a streamed one is under way, and
    /// `CancellationError`.
    func next() async throws -> Turn {
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let immediate: Result<Void, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    guard state.current != nil else {
                        state.current = number
                        return .success(())
                    }
                    if state.isStreamed { return .failure(Self.busy) }
                    state.waiting.append((number, continuation))
                    return nil
                }
                if let immediate { continuation.resume(with: immediate) }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0) }
            }
            waiting?.continuation.resume(throwing: CancellationError())
        }
        return Turn(self, number)
    }

    /// A turn that is taken now.
    ///
    /// Throws `.busy` while another one is under way.
    func stream() throws -> Turn {
        try state.withLock { state throws(KongurError) in
            guard state.current == nil else { throw Self.busy }
            state.last += 1
            state.current = state.last
            state.isStreamed = true
            return Turn(self, state.last)
        }
    }

    private func end(_ number: Int) {
        let next = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            guard state.current == number else { return nil }
            state.isStreamed = false
            let next = state.waiting.isEmpty ? nil : state.waiting.removeFirst()
            state.current = next?.number
            return next?.continuation
        }
        next?.resume()
    }

    private static let busy = KongurError(
        .busy,
        "an answer of this conversation is under way: read its stream to the end or let it go, then ask again"
    )
}
