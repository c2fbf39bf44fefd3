package import DeviceRuntime
import Synchronization

/// Works on many requests at once with one model on one device.
///
/// Requests come in through `submit` and leave as streams of tokens; the engine steps while there is work and sleeps
/// otherwise. It lives on a thread of its own, so a step that takes long blocks nothing else. A consumer that reads
/// slowly, or not at all, holds up nobody: its tokens wait in its stream, at most a context's worth.
package actor Engine {
    package nonisolated let model: CompiledModel
    package nonisolated let device: any Device
    package nonisolated let limits: SchedulingLimits

    private nonisolated let observer: (any EngineObserver)?
    private nonisolated let thread: DeviceThread
    private nonisolated let inbox = Mutex(Inbox())
    private nonisolated let published = Mutex(EngineMetrics())

    private let runner: ModelRunner
    private var scheduler: Scheduler
    private var sampler = Sampler()
    private var row: [Float] = []
    private var requests: [UInt64: ActiveRequest] = [:]
    /// What may still be done for masks until the next step.
    private var maskWork = Engine.workBetweenSteps
    private var maskWorker: MaskWorker?
    /// Masks that a worker has.
    private var awayCount = 0
    private var idleWaiters: [CheckedContinuation<Void, Never>] = []
    private var recorded = EngineMetrics()

    /// The work for masks that is done between two steps, of all requests together: some hundred microseconds.
    ///
    /// What takes longer is left to a worker, and its request sits out steps meanwhile.
    private static var workBetweenSteps: MaskWork { MaskWork(left: 60_000, pieceLimit: 60_000) }

    /// Loads the model's program onto the device, with a cache of `configuration.cacheBlocks` blocks.
    ///
    /// Takes as long as the device needs to place the weights. Throws `.invalidConfiguration` for a configuration that
    /// does not fit the program, and `.deviceFailed` when the device cannot load it.
    package init(
        model: CompiledModel,
        device: any Device,
        configuration: EngineConfiguration,
        observer: (any EngineObserver)? = nil
    ) throws(EngineError) {
        limits = try configuration.limits(for: model)
        let executable: any Executable
        do {
            executable = try device.load(model.program, symbols: [StepProgram.cacheBlocks: configuration.cacheBlocks])
        } catch {
            throw EngineError(
                .deviceFailed,
                "'\(device.name)' did not load the model: \(error.message)",
                cause: error
            )
        }
        runner = try ModelRunner(executable, vocabularySize: model.vocabularySize)
        thread = try DeviceThread()
        scheduler = Scheduler(limits)
        self.model = model
        self.device = device
        self.observer = observer
        recorded.cacheBlocks = limits.blockCount
        recorded.freeCacheBlocks = limits.blockCount
        recorded.blockSize = limits.blockSize
        let initial = recorded
        published.withLock { $0 = initial }
    }

    deinit {
        thread.stop()
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// As of the last step; never waits for a step in progress.
    package nonisolated var metrics: EngineMetrics {
        published.withLock { $0 }
    }

    /// Whether there is anything to compute, or a request whose turn to be looked at has not come.
    package nonisolated var isBusy: Bool {
        inbox.withLock { $0.isRunning }
    }

    /// Why the engine takes no more requests, when it does not.
    package nonisolated var failure: EngineError? {
        inbox.withLock { $0.closed }
    }

    /// Tokens that the model knows.
    package nonisolated var vocabularySize: Int { model.vocabularySize }

    /// Throws what `submit` would end the request with at once: a parameter out of range, a prompt that is too long.
    package nonisolated func check(_ request: GenerationRequest) throws(EngineError) {
        try request.validate(vocabularySize: model.vocabularySize)
        try limits.checkPrompt(tokenCount: request.promptTokenIDs.count)
    }

    /// Starts on a request, in the order of the calls.
    ///
    /// The stream gives tokens and then one `finished` or `failed`, also when the request is refused. Ending the
    /// iteration, or cancelling its task, cancels the request.
    package nonisolated func submit(_ request: GenerationRequest) -> AsyncStream<TokenEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: TokenEvent.self)
        do {
            try request.validate(vocabularySize: model.vocabularySize)
        } catch {
            continuation.end(.failed(error))
            return stream
        }
        let submission = ActiveRequest(request, continuation)
        let key = submission.key
        continuation.onTermination = { [weak self] termination in
            if case .cancelled = termination { self?.post(.abandon(request.id, key)) }
        }
        if let refusal = post(.submit(submission)) { continuation.end(.failed(refusal)) }
        return stream
    }

    /// Ends a request with what it has so far.
    ///
    /// Its stream finishes as `.cancelled`; unknown ids are passed over.
    package nonisolated func cancel(_ id: UInt64) {
        post(.cancel(id))
    }

    /// Takes no more requests, and returns when there is none left: after finishing them, or after cancelling them.
    package nonisolated func shutdown(draining: Bool = false) async {
        inbox.withLock { state in
            if state.closed == nil {
                state.closed = EngineError(.shutDown, "the engine has been shut down and takes no more requests")
            }
        }
        if !draining { post(.cancelAll) }
        await run()
        await waitUntilIdle()
    }

    private func waitUntilIdle() async {
        guard scheduler.hasWork else { return }
        await withCheckedContinuation { idleWaiters.append($0) }
    }

    // MARK: Commands

    /// What the outside asks for, kept until the next step: nobody waits for the engine's thread.
    private struct Inbox {
        var commands: [Command] = []
        /// Whether a job that works through the commands is there already.
        var isRunning = false
        var closed: EngineError?
    }

    private enum Command {
        case submit(ActiveRequest)
        case cancel(UInt64)
        /// The consumer of exactly this stream is gone.
        case abandon(UInt64, ActiveRequest.Key)
        case cancelAll
        /// A mask is ready.
        case prepared(MaskWorker.Job)
    }

    /// Leaves a command and wakes the engine; the error when submissions are refused.
    @discardableResult
    private nonisolated func post(_ command: Command) -> EngineError? {
        let (starts, refusal) = inbox.withLock { state -> (Bool, EngineError?) in
            if case .submit = command, let closed = state.closed { return (false, closed) }
            state.commands.append(command)
            defer { state.isRunning = true }
            return (!state.isRunning, nil)
        }
        if starts { Task { await run() } }
        return refusal
    }

    /// Steps until there is no work left, without giving up the thread: commands come through the inbox.
    private func run() {
        // Steps without anything to compute: after a second one, only a mask that comes back can change that.
        var emptySteps = 0
        while true {
            let hasWork = scheduler.hasWork && (emptySteps < 2 || awayCount == 0)
            let commands = inbox.withLock { state -> [Command]? in
                defer { state.commands = [] }
                state.isRunning = hasWork || !state.commands.isEmpty
                return state.isRunning ? state.commands : nil
            }
            guard let commands else { return }
            for command in commands { handle(command) }
            emptySteps = step() ? 0 : emptySteps + 1
            publish()
            guard !scheduler.hasWork else { continue }
            for waiter in idleWaiters { waiter.resume() }
            idleWaiters = []
        }
    }

    private func handle(_ command: Command) {
        switch command {
        case .submit(let request):
            add(request)
        case .cancel(let id):
            cancelNow(id)
        case .abandon(let id, let key):
            if requests[id]?.key == key { cancelNow(id) }
        case .cancelAll:
            for id in requests.keys.sorted() { cancelNow(id) }
        case .prepared(let job):
            takeBack(job)
        }
    }

    private func add(_ active: ActiveRequest) {
        let request = active.request
        do throws(EngineError) {
            if requests[request.id] != nil {
                throw EngineError(.duplicateRequest, "a request with the id \(request.id) is being worked on")
            }
            var active = active
            try active.resume()
            try scheduler.add(request, stopTokenIDs: stopTokenIDs(request))
            requests[request.id] = active
            prepareMask(request.id)
        } catch {
            recorded.failedRequests += 1
            observer?.failed(request, error)
            active.continuation.end(.failed(error))
        }
    }

    /// The tokens that end a request's answer.
    package nonisolated func stopTokenIDs(_ request: GenerationRequest) -> Set<Int> {
        request.ignoreEOS ? request.stopTokenIDs : request.stopTokenIDs.union(model.stopTokenIDs)
    }

    private func cancelNow(_ id: UInt64) {
        guard let end = scheduler.cancel(id) else { return }
        finish(id, end)
    }

    // MARK: Steps

    /// Returns false when there was nothing to compute.
    private func step() -> Bool {
        guard let batch = scheduler.schedule() else { return false }
        maskWork = Self.workBetweenSteps
        let now = ContinuousClock.now
        for id in batch.admitted { requests[id]?.scheduled = now }
        let logits: Logits
        do {
            logits = try runner.run(batch.inputs)
        } catch {
            failAll(error)
            return true
        }
        var tokens: [[SampledToken]] = []
        var firstRow = 0
        for entry in batch.sampledEntries {
            tokens.append(draw(entry, logits, firstRow))
            firstRow += 1 + entry.draftTokens.count
        }
        let drawn = ContinuousClock.now
        scheduler.measured(batch, seconds: (drawn - now) / .seconds(1))
        let updates = scheduler.complete(batch, tokens: tokens.map { $0.map(\.id) })
        recorded.countStep(batch)
        for (token, update) in zip(tokens.joined(), updates) { deliver(token, update, drawn) }
        for entry in batch.sampledEntries { prepareMask(entry.id) }
        return true
    }

    // MARK: Masks

    /// Finds out which token may come next in an answer, now or, where that takes long, on the worker's thread.
    private func prepareMask(_ id: UInt64) {
        requests[id]?.mask?.prepare(&maskWork)
        guard requests[id]?.mask?.isReady == false, var active = requests[id], let mask = active.mask else { return }
        do throws(EngineError) {
            let worker = try worker()
            (active.mask, active.isMaskAway) = (nil, true)
            requests[id] = active
            awayCount += 1
            scheduler.hold(id)
            worker.prepare(MaskWorker.Job(requestID: id, key: active.key, mask: mask))
        } catch {
            _ = scheduler.cancel(id)
            fail(id, error)
        }
    }

    /// Made when it is needed for the first time.
    ///
    /// Throws `.deviceFailed` when the system gives no more threads.
    private func worker() throws(EngineError) -> MaskWorker {
        if let maskWorker { return maskWorker }
        let worker = try MaskWorker { [weak self] in self?.post(.prepared($0)) }
        maskWorker = worker
        return worker
    }

    private func takeBack(_ job: MaskWorker.Job) {
        guard requests[job.requestID]?.key == job.key else { return }
        requests[job.requestID]?.mask = job.mask
        returnMask(of: job.requestID)
        scheduler.hold(job.requestID, false)
    }

    /// Notes that a worker has a request's mask no more.
    private func returnMask(of id: UInt64) {
        guard requests[id]?.isMaskAway == true else { return }
        requests[id]?.isMaskAway = false
        awayCount -= 1
    }

    /// Takes a request out, whose mask nobody waits for any more.
    private func remove(_ id: UInt64) -> ActiveRequest? {
        if let active = requests[id], active.isMaskAway {
            maskWorker?.abandon(active.key)
            returnMask(of: id)
        }
        return requests.removeValue(forKey: id)
    }

    // MARK: Drawing

    /// Draws the tokens of an entry, whose logits begin at `firstRow`: row after row, as long as the last token drawn is
    /// the one that was guessed, since the next row's logits are those after the guess.
    ///
    /// None when drawing failed, and the request has been told.
    private func draw(_ entry: ScheduledBatch.Entry, _ logits: Logits, _ firstRow: Int) -> [SampledToken] {
        var tokens: [SampledToken] = []
        for offset in 0...entry.draftTokens.count {
            if offset > 0 {
                requests[entry.id]?.mask?.prepare(&maskWork)
                // The row comes again when the mask is ready.
                if requests[entry.id]?.mask?.isReady == false { break }
            }
            logits.copyRow(firstRow + offset, into: &row)
            do {
                tokens.append(try sample(entry.id))
            } catch {
                // Behind accepted tokens this row comes again as the first of the next step, after they are delivered.
                if offset == 0 { fail(entry.id, error) }
                break
            }
            guard offset < entry.draftTokens.count, tokens[offset].id == Int(entry.draftTokens[offset]) else { break }
        }
        return tokens
    }

    /// Draws the next token of a request from `row`.
    private func sample(_ id: UInt64) throws(EngineError) -> SampledToken {
        requests[id]?.mask?.narrow(by: row)
        guard let active = requests[id] else { preconditionFailure("scheduled requests are active") }
        if let failure = active.mask?.failure { throw failure }
        var allowed = active.mask?.words ?? active.allowedTokens
        if active.mask != nil, let tokens = active.allowedTokens { allowed?.intersect(tokens) }
        let token = try sampler.sample(
            &row,
            active.request.sampling,
            history: active.history,
            allowed: allowed,
            forbidden: forbiddenTokens(active),
            seed: active.seed,
            position: active.generatedCount
        )
        try requests[id]?.append(token.id)
        return token
    }

    /// What must not be drawn next, besides what a constraint does not allow.
    private func forbiddenTokens(_ active: ActiveRequest) -> Set<Int> {
        let request = active.request
        return (active.generatedCount < request.minNewTokens ? stopTokenIDs(request) : [])
            .union(request.sampling.forbiddenTokenIDs).union(active.badWords.forbidden)
    }

    private func deliver(_ token: SampledToken, _ update: SequenceUpdate, _ instant: ContinuousClock.Instant) {
        recorded.generatedTokens += 1
        let before = requests[update.id]?.delivered(instant)
        // Nobody waits for work in the background: how long it took says nothing of the service.
        if let active = requests[update.id], !active.request.isBackground {
            if let before {
                observer?.drewToken(after: instant - before)
            } else {
                observer?.drewFirstToken(after: instant - active.submitted)
            }
        }
        requests[update.id]?.continuation.yield(
            .token(GeneratedToken(id: token.id, isStop: update.isStop, logprobs: token.logprobs, instant: instant))
        )
        if let end = update.end { finish(update.id, end) }
    }

    private func finish(_ id: UInt64, _ end: SequenceEnd) {
        guard let active = remove(id) else { return }
        recorded.finishedRequests[end.reason, default: 0] += 1
        let summary = active.summary(end, finished: .now)
        observer?.finished(active.request, summary)
        active.continuation.end(.finished(summary))
    }

    private func fail(_ id: UInt64, _ error: EngineError) {
        guard let active = remove(id) else { return }
        recorded.failedRequests += 1
        observer?.failed(active.request, error)
        active.continuation.end(.failed(error))
    }

    /// After the device has failed, nothing that it holds can be trusted: every request ends, and no more are taken.
    private func failAll(_ error: EngineError) {
        inbox.withLock { $0.closed = error }
        for id in requests.keys.sorted() {
            _ = scheduler.cancel(id)
            fail(id, error)
        }
        // The batch that failed is over, although nothing came of it.
        scheduler.abandonBatch()
    }

    private func publish() {
        recorded.update(from: scheduler)
        let metrics = recorded
        published.withLock { $0 = metrics }
    }
}

extension AsyncStream<TokenEvent>.Continuation {
    /// Yields the last event and finishes.
    func end(_ event: TokenEvent) {
        yield(event)
        finish()
    }
}
