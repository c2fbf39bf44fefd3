import InferenceEngine
import ServiceLifecycle
import Synchronization

/// Sees whether the engine gets anywhere, and how fast.
package final class ProgressMonitor: Service, Sendable {
    private struct State {
        var computedTokens = 0
        var lastProgress = ContinuousClock.now
    }

    private let engine: EngineGroup
    private let admission: Admission
    /// Work without a token for this long means that the engine hangs.
    private let limit: Duration
    private let state = Mutex(State())

    init(_ engine: EngineGroup, _ admission: Admission, limit: Duration) {
        self.engine = engine
        self.admission = admission
        self.limit = limit
    }

    /// False when there is work and no token has come for too long, and when the engine has failed.
    func isLive(at now: ContinuousClock.Instant = .now) -> Bool {
        guard engine.failure == nil || admission.isDraining else { return false }
        return admission.answers == 0 || now - state.withLock(\.lastProgress) < limit
    }

    /// Looks once a second until the server ends.
    package func run() async throws {
        let clock = ContinuousClock()
        await cancelWhenGracefulShutdown {
            var last = clock.now
            while (try? await clock.sleep(for: .seconds(1))) != nil {
                let now = clock.now
                self.look(now, after: now - last)
                last = now
            }
        }
    }

    func look(_ now: ContinuousClock.Instant, after interval: Duration) {
        let tokens = engine.metrics.stepTokens
        let isIdle = admission.answers == 0
        let computed = state.withLock { state in
            let computed = tokens - state.computedTokens
            state.computedTokens = tokens
            if computed > 0 || isIdle { state.lastProgress = now }
            return computed
        }
        if computed > 0, !isIdle { admission.measured(tokensPerSecond: Double(computed) / (interval / .seconds(1))) }
    }
}
