package import DeviceRuntime
import Synchronization

/// Engines with the same model, each on a device of its own, as if they were one.
///
/// A request goes to the engine with the least to do, or to one nearly so that has computed the beginning of its prompt before.
/// When a device fails, its engine takes no more requests, and those that it was working on go on elsewhere behind the tokens
/// that they have given: their streams give the tokens that they would have given otherwise, each once. Only when no device
/// is left do they fail.
package final class EngineGroup: Sendable {
    /// One for each device, in the order of the devices; never empty.
    package let engines: [Engine]
    private let observers: [(any EngineObserver)?]
    private let state: Mutex<State>

    private struct State {
        var router: ReplicaRouter
        /// Where requests are, by id.
        var flights: [UInt64: Flight] = [:]
    }

    private struct Flight {
        var replica: Int
        var isCancelled = false
    }

    /// Loads the model onto each device, with a cache of `configuration.cacheBlocks` blocks on each.
    ///
    /// `observer` makes the observer of the engine with a number. Throws what `Engine` throws, for the first device that fails.
    package init(
        model: CompiledModel,
        devices: [any Device],
        configuration: EngineConfiguration,
        observer: (Int) -> (any EngineObserver)? = { _ in nil }
    ) throws(EngineError) {
        guard !devices.isEmpty else {
            throw EngineError(.invalidConfiguration, "no device was given: name at least one")
        }
        var (engines, observers): ([Engine], [(any EngineObserver)?]) = ([], [])
        for (number, device) in devices.enumerated() {
            let observer = observer(number)
            // What ends with the device goes on elsewhere, so it is not for the engine to say that it failed.
            let told = devices.count > 1 ? observer.map { LossFilter(observer: $0) } : observer
            engines.append(try Engine(model: model, device: device, configuration: configuration, observer: told))
            observers.append(observer)
        }
        self.engines = engines
        self.observers = observers
        state = Mutex(State(router: Self.router(of: engines)))
    }

    /// A group of one, which has its observer already.
    package init(_ engine: Engine) {
        engines = [engine]
        observers = [nil]
        state = Mutex(State(router: Self.router(of: engines)))
    }

    private static func router(of engines: [Engine]) -> ReplicaRouter {
        let limits = engines[0].limits
        return ReplicaRouter(
            count: engines.count,
            blockCount: limits.blockCount,
            blockSize: limits.blockSize
        )
    }

    package var model: CompiledModel { engines[0].model }

    /// What bounds a request, the same for each engine.
    package var limits: SchedulingLimits { engines[0].limits }

    /// Sequences that run at once, over all engines.
    package var maxSequences: Int { engines.reduce(0) { $0 + $1.limits.maxSequences } }

    package var vocabularySize: Int { model.vocabularySize }

    /// Of all engines together: what they have done, and of those that still work what they hold.
    package var metrics: EngineMetrics { .sum(of: engines.map { ($0.metrics, $0.failure == nil) }) }

    /// Why no more requests are taken, when they are not: the reason of the last engine.
    package var failure: EngineError? {
        let failures = engines.map(\.failure)
        return failures.contains { $0 == nil } ? nil : failures.last ?? nil
    }

    /// See `Engine.check`.
    package func check(_ request: GenerationRequest) throws(EngineError) { try engines[0].check(request) }

    /// See `Engine.stopTokenIDs`.
    package func stopTokenIDs(_ request: GenerationRequest) -> Set<Int> { engines[0].stopTokenIDs(request) }

    /// Starts on a request; see `Engine.submit`.
    package func submit(_ request: GenerationRequest) -> AsyncStream<TokenEvent> {
        guard engines.count > 1 else { return engines[0].submit(request) }
        var request = request
        // Whoever goes on with the answer must draw with the same seed.
        request.sampling.seed = request.sampling.seed ?? .random(in: .min ... .max)
        let (stream, continuation) = AsyncStream.makeStream(of: TokenEvent.self)
        switch begin(request) {
        case .failure(let error): continuation.end(.failed(error))
        case .success(let flight):
            let task = Task { [request] in await relay(request, flight, to: continuation) }
            continuation.onTermination = { termination in
                if case .cancelled = termination { task.cancel() }
            }
        }
        return stream
    }

    /// Ends a request with what it has so far; see `Engine.cancel`.
    package func cancel(_ id: UInt64) {
        guard engines.count > 1 else { return engines[0].cancel(id) }
        state.withLock { state in
            guard let flight = state.flights[id] else { return }
            state.flights[id]?.isCancelled = true
            engines[flight.replica].cancel(id)
        }
    }

    /// Takes no more requests, and returns when there is none left; see `Engine.shutdown`.
    package func shutdown(draining: Bool = false) async {
        await withTaskGroup(of: Void.self) { group in
            for engine in engines { group.addTask { await engine.shutdown(draining: draining) } }
        }
    }

    // MARK: Requests under way

    private typealias Events = (replica: Int, stream: AsyncStream<TokenEvent>)

    private func begin(_ request: GenerationRequest) -> Result<Events, EngineError> {
        state.withLock { state in
            if state.flights[request.id] != nil {
                return .failure(
                    EngineError(.duplicateRequest, "a request with the id \(request.id) is being worked on")
                )
            }
            guard let replica = state.router.choose(tokens: request.promptTokenIDs, salt: request.cacheSalt) else {
                return .failure(failure ?? EngineError(.deviceFailed, "no device is left"))
            }
            state.flights[request.id] = Flight(replica: replica)
            return .success((replica, engines[replica].submit(request)))
        }
    }

    /// Gives a request's events to its consumer, and finds another engine where one is lost.
    private func relay(
        _ request: GenerationRequest,
        _ first: Events,
        to continuation: AsyncStream<TokenEvent>.Continuation
    ) async {
        var events = first
        var given = Resumption(submitted: .now)
        while true {
            var loss: EngineError?
            for await event in events.stream {
                switch event {
                case .token(let token):
                    given.append(token)
                    continuation.yield(event)
                case .failed(let error) where error.code == .deviceFailed: loss = error
                case .finished, .failed:
                    end(request.id, events.replica)
                    return continuation.end(event)
                }
            }
            guard let loss else {
                // Nobody listens any more, and the engine has been told by the end of its stream.
                end(request.id, events.replica)
                return continuation.finish()
            }
            switch moveOn(request, given, from: events.replica, loss) {
            case .elsewhere(let next): events = next
            case .over(let last): return continuation.end(last)
            }
        }
    }

    private func end(_ id: UInt64, _ replica: Int) {
        state.withLock { state in
            state.flights[id] = nil
            state.router.release(replica)
        }
    }

    private enum Move {
        case elsewhere(Events)
        case over(TokenEvent)
    }

    /// Takes a request from an engine that is lost to another one.
    private func moveOn(_ request: GenerationRequest, _ given: Resumption, from replica: Int, _ loss: EngineError)
        -> Move
    {
        var request = request
        request.resumption = given
        let move = state.withLock { state -> Move in
            state.router.lose(replica)
            state.router.release(replica)
            let tokens = request.promptTokenIDs + given.tokenIDs
            if state.flights[request.id]?.isCancelled == true {
                state.flights[request.id] = nil
                return .over(.finished(given.cancelled(request)))
            }
            guard let next = state.router.choose(tokens: tokens, salt: request.cacheSalt) else {
                state.flights[request.id] = nil
                return .over(.failed(loss))
            }
            state.flights[request.id]?.replica = next
            return .elsewhere((next, engines[next].submit(request)))
        }
        if case .over(let event) = move {
            switch event {
            case .finished(let summary): observers[replica]?.finished(request, summary)
            case .failed(let error): observers[replica]?.failed(request, error)
            case .token: break
            }
        }
        return move
    }
}

extension Resumption {
    fileprivate mutating func append(_ token: GeneratedToken) {
        tokenIDs.append(token.id)
        firstToken = firstToken ?? token.instant
        lastToken = token.instant
    }

    /// How a request ends that was cancelled while it was on no engine.
    fileprivate func cancelled(_ request: GenerationRequest) -> GenerationSummary {
        GenerationSummary(
            finishReason: .cancelled,
            promptTokens: request.promptTokenIDs.count,
            cachedTokens: 0,
            generatedTokens: tokenIDs.count,
            preemptions: 0,
            draftTokens: 0,
            acceptedTokens: 0,
            timings: RequestTimings(submitted: submitted, firstToken: firstToken, finished: .now)
        )
    }
}

/// Passes on all but the failure of a device.
private struct LossFilter: EngineObserver {
    let observer: any EngineObserver

    func drewFirstToken(after duration: Duration) { observer.drewFirstToken(after: duration) }
    func drewToken(after duration: Duration) { observer.drewToken(after: duration) }
    func finished(_ request: GenerationRequest, _ summary: GenerationSummary) { observer.finished(request, summary) }
    func failed(_ request: GenerationRequest, _ error: EngineError) {
        if error.code != .deviceFailed { observer.failed(request, error) }
    }
}
