import BatchJobs
import InferenceEngine
import Logging
import NIOPosix
import ServiceLifecycle

/// Works on batches, a line of each owner's in turn, where nobody else has use for the engine.
///
/// Nothing is remembered here but what is under way: what there is to do is read from the folder, so that a process that
/// was killed and one that was not go on alike.
actor BatchRunner: Service {
    private struct LineID: Hashable {
        var batch: String
        var number: Int
    }

    private let folder: BatchFolder
    private let answering: BatchAnswering
    private let configuration: BatchConfiguration
    private let report: BatchReport
    private let keys: KeyRing
    private let logger: Logger
    /// Those that are being asked.
    private var lines: [LineID: Task<Void, Never>] = [:]
    private var turns = BatchTurns()
    /// Owners whose batches rest because they may store no more.
    private var full: Set<String> = []
    private var isWoken = false
    private var sleep: Task<Void, any Error>?
    /// After a disk has failed nothing is asked until then: it could not be recorded.
    private var pausedUntil = ContinuousClock.now
    private var lastCleaning: ContinuousClock.Instant?

    init(
        _ folder: BatchFolder,
        _ answering: BatchAnswering,
        _ configuration: BatchConfiguration,
        _ report: BatchReport,
        _ keys: KeyRing,
        _ logger: Logger
    ) {
        self.folder = folder
        self.answering = answering
        self.configuration = configuration
        self.report = report
        self.keys = keys
        self.logger = logger
    }

    /// Works until the server ends; lines that are being asked then are left to the next start.
    func run() async throws {
        await cancelWhenGracefulShutdown { await self.work() }
    }

    /// Looks at once at what there is to do.
    func wake() {
        isWoken = true
        sleep?.cancel()
    }

    private func work() async {
        while !Task.isCancelled {
            do {
                try await turn()
            } catch  where !Task.isCancelled {
                pause(error)
            } catch {}
            await rest()
        }
        await stop(Array(lines.keys))
    }

    /// Waits a moment, so that lines which end together are one turn's work, and then until there is something to do.
    private func rest() async {
        try? await Task.sleep(for: .milliseconds(10))
        guard !isWoken, !Task.isCancelled else {
            isWoken = false
            return
        }
        let sleep = Task { try await Task.sleep(for: .milliseconds(250)) }
        self.sleep = sleep
        await withTaskCancellationHandler {
            _ = await sleep.result
        } onCancel: {
            sleep.cancel()
        }
        self.sleep = nil
        isWoken = false
    }

    private func turn() async throws {
        let now = try await folder.followClock()
        if lastCleaning.map({ ContinuousClock.now - $0 >= .seconds(60) }) ?? true {
            try await folder.clean(at: now)
            lastCleaning = .now
        }
        for batch in try await folder.openBatches() {
            do {
                try await advance(batch, now)
            } catch  where !Task.isCancelled && !(error is CancellationError) {
                // What is wrong with one holds up no other.
                pause(error)
            }
        }
        let batches = try await folder.openBatches()
        turns.forget(allBut: batches)
        try await start(batches.filter { $0.status == .inProgress && $0.counts.unfinished > 0 })
        report.show(batches, running: lines.count, bytes: folder.byteCount)
    }

    /// Takes a batch to its next status, where it is ready for it.
    private func advance(_ batch: Batch, _ now: Int) async throws {
        switch batch.status {
        case .validating: try await validate(batch)
        case .inProgress where batch.counts.unfinished == 0:
            try await folder.finalize(batch.id, at: now)
            try await end(batch, as: .completed)
        case .inProgress where now >= batch.expires:
            try await end(batch, as: .expired) { BatchAnswering.expired($0) }
        case .finalizing: try await end(batch, as: .completed)
        case .cancelling: try await end(batch, as: .cancelled)
        case .inProgress, .completed, .failed, .expired, .cancelled: break
        }
    }

    private func validate(_ batch: Batch) async throws {
        let (path, endpoint) = (folder.path(of: batch.inputFile), batch.endpoint)
        let limits = BatchInput.Limits(lines: configuration.lines, lineByteCount: answering.longestLine)
        let input = try await NIOThreadPool.singleton.runIfActive {
            do throws(BatchError) {
                return try BatchInput(ReadFile(path), urls: [endpoint], limits: limits)
            } catch {
                return BatchInput(fault: Batch.Fault("unreadable_file", "the server cannot read the file any more"))
            }
        }
        try await folder.validated(batch.id, input, at: .now)
        logger.info(
            "batch",
            metadata: ["id": "\(batch.id)", "lines": "\(input.lines.count)", "faults": "\(input.faults.count)"]
        )
    }

    private func end(
        _ batch: Batch,
        as status: Batch.Status,
        unfinished: (@Sendable (BatchLine) -> [UInt8])? = nil
    ) async throws {
        await stop(lines.keys.filter { $0.batch == batch.id })
        let ended = try await folder.end(batch.id, as: status, at: .now, unfinished: unfinished)
        logger.info(
            "batch",
            metadata: [
                "id": "\(batch.id)", "status": "\(status.rawValue)", "completed": "\(ended.counts.completed)",
                "failed": "\(ended.counts.failed)",
            ]
        )
    }

    private func stop(_ ids: [LineID]) async {
        let tasks = ids.compactMap { lines[$0] }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    /// Asks lines where there is room for them beside the answers that somebody waits for.
    private func start(_ batches: [Batch]) async throws {
        let (engine, admission) = (answering.service.model.engine, answering.service.admission)
        guard engine.failure == nil, !admission.isDraining, ContinuousClock.now >= pausedUntil else { return }
        let places = min(configuration.concurrency, engine.maxSequences - admission.answers)
        let weights = keys.weights
        let owners = Set(batches.map(\.owner))
        noteFull(owners.filter { !folder.hasRoom(for: $0) })
        var waiting: [BatchTurns.Waiting] = []
        for batch in batches where !full.contains(batch.owner) {
            guard turns.hasRoom(batch.owner, among: owners, places: places, weights: weights) else { continue }
            let found = try await folder.waitingLines(batch.id, limit: max(1, places) + lines.count)
            let unasked = found.filter { lines[LineID(batch: batch.id, number: $0.number)] == nil }
            waiting.append(BatchTurns.Waiting(batch: batch, lines: unasked[...]))
        }
        while let index = turns.next(waiting, places: places, weights: weights) {
            guard let line = waiting[index].lines.popFirst() else { return }
            let batch = waiting[index].batch
            ask(line, of: batch, weight: weights[batch.owner, default: 1])
        }
    }

    private func noteFull(_ owners: Set<String>) {
        for owner in owners.subtracting(full) {
            logger.warning(
                "batches rest: their storage is full; delete files or raise --batch-storage-mib",
                metadata: ["owner": "\(owner.prefix(8))"]
            )
        }
        full = owners
    }

    private func ask(_ line: BatchLine, of batch: Batch, weight: Int) {
        let id = LineID(batch: batch.id, number: line.number)
        turns.began(batch)
        lines[id] = Task {
            do {
                try await answer(line, of: batch, weight: weight)
            } catch  where !Task.isCancelled && !(error is CancellationError) {
                pause(error)
            } catch {}
            lines[id] = nil
            turns.ended(batch)
            wake()
        }
    }

    /// Asks a line and records its result, away from this actor.
    private nonisolated func answer(_ line: BatchLine, of batch: Batch, weight: Int) async throws {
        let path = folder.path(of: batch.inputFile)
        let salt = batch.owner.isEmpty ? nil : batch.owner
        let result = try await answering.answer(
            line,
            of: try ReadFile(path),
            account: Account(batch.owner, weight: weight),
            cacheSalt: salt
        )
        if try await folder.record(result.bytes, isAnswer: result.isAnswer, of: line.number, in: batch.id) {
            report.recorded(isAnswer: result.isAnswer)
        }
    }

    private func pause(_ error: any Error) {
        pausedUntil = .now + .seconds(5)
        logger.error("batches rest for 5 seconds", metadata: ["reason": "\(error)"])
    }
}
