import InferenceEngine
import ResponseCaching
import Synchronization
import TextGeneration

/// Gives answers that were given before, and computes those that are asked for by many at once but once.
struct AnswerCache: Sendable {
    /// Where a request's answers come from, as the response says.
    enum Origin: String, Sendable {
        /// They were computed before.
        case hit
        /// They are computed for it.
        case miss
        /// They are being computed for another request.
        case shared
    }

    /// What a flight brings: how it begins, and then what happens.
    enum FlightEvent: Sendable {
        /// There is no more to come than this.
        case kept([RunEvent])
        case computing
        case run(RunEvent)
    }

    /// Answers that are longer are not kept.
    private static let longest = 4 << 20
    /// Bytes of memory for answers to one request while they are computed; those that need more cannot be joined late.
    private static let flightByteCount = 16 << 20

    private let store: any ResponseCache
    private let timeToLive: Duration
    private let isShared: Bool
    private let report: CacheReport
    private let flights = SingleFlight<CacheKey, FlightEvent>(limit: flightByteCount) { event in
        switch event {
        case .run(let event): event.byteCount
        case .kept, .computing: MemoryLayout<FlightEvent>.stride
        }
    }

    init(_ store: any ResponseCache, timeToLive: Duration, isShared: Bool, _ report: CacheReport) {
        self.store = store
        self.timeToLive = timeToLive
        self.isShared = isShared
        self.report = report
    }

    /// The key of a request; nil when its answers are others each time.
    ///
    /// It covers all of `drawing` that answers depend on. Holders of different keys have different ones, unless answers are
    /// shared.
    func key(_ drawing: AnswerDrawing, _ model: ServedModel) -> CacheKey? {
        var options = drawing.options
        guard options.sampling.temperature == 0 || options.sampling.seed != nil else { return nil }
        // Whoever asks, and with which share, the answer is the same.
        options.account = .anonymous
        if isShared { options.cacheSalt = nil }
        return Self.key(drawing.prompts, drawing.count, options, model.digest)
    }

    static func key(
        _ prompts: [PreparedPrompt],
        _ count: Int,
        _ options: GenerationOptions,
        _ model: String
    ) -> CacheKey {
        CacheKey(["model": model, "prompts": prompts, "count": count, "options": options])
    }

    /// The answers for a key: those that are kept, those that are being computed, or else those of `drawing`, which are
    /// computed when `admit` has let them in.
    ///
    /// What is computed is kept in `memory` meanwhile. Throws what `admit` throws.
    func open(
        _ key: CacheKey,
        _ drawing: AnswerDrawing,
        memory: AccountMemory.Share,
        admit: @escaping @Sendable () throws(APIError) -> AdmissionTicket
    ) async throws -> (AnswerSource, Origin) {
        let listener = flights.join(key, memory: memory) { flight in
            if let events = await kept(key, choices: drawing.choices) {
                flight.send(.kept(events))
            } else {
                try await compute(key, drawing, memory, admit, flight)
            }
        }
        let source: AnswerSource
        let origin: Origin
        switch try await listener.next() {
        case .kept(let events): (source, origin) = (.kept(events), .hit)
        case .computing: (source, origin) = (.flight(listener), listener.isFirst ? .miss : .shared)
        case .run, nil: throw CancellationError()
        }
        report.opened(origin)
        return (source, origin)
    }

    private func kept(_ key: CacheKey, choices: Int) async -> [RunEvent]? {
        do {
            return try await store.value(for: key).flatMap { AnswerRecording.events($0, choices: choices) }
        } catch {
            report.failed()
            return nil
        }
    }

    private func compute(
        _ key: CacheKey,
        _ drawing: AnswerDrawing,
        _ memory: AccountMemory.Share,
        _ admit: () throws(APIError) -> AdmissionTicket,
        _ flight: Flight<FlightEvent>
    ) async throws {
        let ticket = try admit()
        // A server that ends waits until the answer is kept.
        defer { ticket.release() }
        flight.send(.computing)
        let recording = Mutex(AnswerRecording(choices: drawing.choices, limit: Self.longest, memory: memory))
        let tokens = try await drawing.draw { event in
            // Kept in the order in which it is told.
            recording.withLock { recording in
                recording.append(event)
                flight.send(.run(event))
            }
        }
        ticket.leavePlace(drawnTokens: tokens)
        flight.finish()
        guard let bytes = recording.withLock(\.bytes) else { return }
        do {
            try await store.setValue(bytes, for: key, expiresIn: timeToLive)
        } catch {
            report.failed()
        }
    }
}
