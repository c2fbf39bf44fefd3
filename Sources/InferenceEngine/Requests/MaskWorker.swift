import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Works on masks that take longer than the engine's step may wait, on a thread of its own.
///
/// Masks take turns: a new one comes first, and one that needs more than its turn goes behind those that have had less. So
/// an ordinary schema waits for a turn or two, however many schemas there are that take seconds for each token.
actor MaskWorker {
    /// A mask away from its request.
    struct Job: Sendable {
        let requestID: UInt64
        let key: ActiveRequest.Key
        var mask: TokenMask
        /// The turns that it has had.
        fileprivate var turns = 0

        init(requestID: UInt64, key: ActiveRequest.Key, mask: TokenMask) {
            self.requestID = requestID
            self.key = key
            self.mask = mask
        }
    }

    fileprivate struct State {
        /// In the order of their turns.
        var jobs: [Job] = []
        var current: ActiveRequest.Key?
        var isRunning = false
        /// Nobody waits for the mask that is being worked on.
        var isCurrentAbandoned = false
    }

    /// The units of work of one turn: some milliseconds.
    private static let turn = 1_000_000

    private nonisolated let thread: DeviceThread
    private nonisolated let state = Mutex(State())
    private let done: @Sendable (Job) -> Void

    /// `done` gets each mask when it is ready, on the worker's thread.
    init(_ done: @escaping @Sendable (Job) -> Void) throws(EngineError) {
        thread = try DeviceThread()
        self.done = done
    }

    deinit { thread.stop() }

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Starts on a mask.
    nonisolated func prepare(_ job: Job) {
        let starts = state.withLock { state in
            state.insert(job)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if starts { Task { await run() } }
    }

    /// Forgets the mask of a request, if it is here.
    nonisolated func abandon(_ key: ActiveRequest.Key) {
        state.withLock { state in
            state.jobs.removeAll { $0.key == key }
            if state.current == key { state.isCurrentAbandoned = true }
        }
    }

    private func run() {
        giveWay()
        while var job = state.withLock({ $0.next() }) {
            var work = MaskWork(left: Self.turn, pieceLimit: .max)
            job.mask.prepare(&work)
            job.turns += 1
            let isReady = job.mask.isReady
            let isAbandoned = state.withLock { state in
                if !isReady, !state.isCurrentAbandoned { state.insert(job) }
                return state.isCurrentAbandoned
            }
            if isReady, !isAbandoned { done(job) }
        }
    }

    /// Kernels wait for each other, so a thread that takes a processor from one of them holds up all: this one does not.
    private func giveWay() {
        #if os(Linux)
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
        #endif
    }
}

extension MaskWorker.State {
    mutating func insert(_ job: MaskWorker.Job) {
        let index = jobs.firstIndex { $0.turns > job.turns } ?? jobs.endIndex
        jobs.insert(job, at: index)
    }

    mutating func next() -> MaskWorker.Job? {
        let job = jobs.isEmpty ? nil : jobs.removeFirst()
        (current, isCurrentAbandoned, isRunning) = (job?.key, false, job != nil)
        return job
    }
}
