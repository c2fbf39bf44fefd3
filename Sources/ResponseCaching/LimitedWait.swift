import Dispatch
import Synchronization

/// A caller that waits for work on another thread, and only so long.
final class LimitedWait<Value: Sendable>: Sendable {
    private typealias Outcome = Result<Value, CacheError>

    private let continuation = Mutex<CheckedContinuation<Outcome, Never>?>(nil)

    /// Begins work and waits until it calls `finish`; throws `.timedOut` when that takes longer than `limit`.
    static func run(
        _ limit: Duration,
        _ timeout: @autoclosure @escaping @Sendable () -> CacheError,
        _ begin: (LimitedWait) -> Void
    ) async throws(CacheError) -> Value {
        let wait = LimitedWait()
        let outcome = await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
            wait.continuation.withLock { $0 = continuation }
            let nanoseconds = Int(limit / .nanoseconds(1))
            DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) {
                wait.finish(.failure(timeout()))
            }
            begin(wait)
        }
        return try outcome.get()
    }

    /// False when the caller has gone on without the result.
    var isWaiting: Bool { continuation.withLock { $0 != nil } }

    /// The first result counts.
    func finish(_ result: Result<Value, CacheError>) {
        let continuation = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        continuation?.resume(returning: result)
    }
}
