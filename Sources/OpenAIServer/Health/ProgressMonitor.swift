import InferenceEngine
import ServiceLifecycle
import Synchronization

/// Sees whether the engines get anywhere, and how fast.
///
/// It asks the engines alone: a client that does not read its answer is no fault of theirs.
package final class ProgressMonitor: Service, Sendable {
    private struct Progress {
        var steps = 0
        /// When there was a step, or nothing to do.
        var last = ContinuousClock.now
    }

    private struct State {
        var engines: [Progress]
        var computedTokens = 0
    }

    private let engine: EngineGroup
    private let admission: Admission
    /// Work without a step for this long means that an engine hangs.
    private let limit: Duration
    private let state: Mutex<State>

    init(_ engine: EngineGroup, _ admission: Admission, limit: Duration) {
        self.engine = engine
        self.admission = admission
        self.limit = limit
        state = Mutex(State(engines: engine.engines.map { _ in Progress() }))
    }

    /// False when an engine has work and has made no step for too long, and when all engines have failed.
    func isLive(at now: ContinuousClock.Instant = .now) -> Bool {
        guard engine.failure == nil || admission.isDraining else { return false }
        let last = state.withLock { $0.engines.map(\.last) }
        return zip(engine.engines, last).allSatisfy { engine, last in
            engine.isLost || !engine.isBusy || now - last < limit
        }
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
        let looks = engine.engines.map { (isBusy: $0.isBusy, steps: $0.metrics.steps) }
        let tokens = engine.metrics.stepTokens
        let computed = state.withLock { state in
            for (number, look) in looks.enumerated() {
                if !look.isBusy || look.steps != state.engines[number].steps { state.engines[number].last = now }
                state.engines[number].steps = look.steps
            }
            defer { state.computedTokens = tokens }
            return tokens - state.computedTokens
        }
        if computed > 0 { admission.measured(tokensPerSecond: Double(computed) / (interval / .seconds(1))) }
    }
}
