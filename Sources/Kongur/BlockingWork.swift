import Dispatch
import Synchronization

/// Work that reads files and computes for a while, on a thread of its own: no thread of Swift's tasks waits for it.
enum BlockingWork {
    /// Returns what `work` returns.
    ///
    /// Cancelling the task ends the waiting with `CancellationError`; the work goes on to its
    /// end, and what it returns is dropped.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let outcome = Outcome<Value>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                outcome.wait(continuation)
                DispatchQueue(label: "kongur.blocking").async { outcome.finish(Result { try work() }) }
            }
        } onCancel: {
            outcome.finish(.failure(CancellationError()))
        }
    }
}

/// The first of two ends, for one who waits.
private final class Outcome<Value: Sendable>: Sendable {
    private enum State {
        case pending(CheckedContinuation<Value, any Error>?)
        /// Cancelled before anybody waited.
        case ended(any Error)
        case told
    }

    private let state = Mutex(State.pending(nil))

    func wait(_ continuation: CheckedContinuation<Value, any Error>) {
        let error: (any Error)? = state.withLock { state in
            if case .ended(let error) = state {
                state = .told
                return error
            }
            state = .pending(continuation)
            return nil
        }
        if let error { continuation.resume(throwing: error) }
    }

    func finish(_ result: Result<Value, any Error>) {
        let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
            guard case .pending(let waiting) = state else { return nil }
            if waiting == nil, case .failure(let error) = result {
                state = .ended(error)
            } else {
                state = .told
            }
            return waiting
        }
        waiting?.resume(with: result)
    }
}
