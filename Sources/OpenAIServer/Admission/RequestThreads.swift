import HTTPTypes
import InferenceEngine
import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Whether a request is still worth working on.
final class RequestWork: Sendable {
    /// Bytes of its body.
    let byteCount: Int
    private let deadline: ContinuousClock.Instant?
    private let isGone = Atomic(false)

    /// `timeout` is from now on; nil is for ever.
    init(byteCount: Int = 0, timeout: Duration? = nil) {
        self.byteCount = byteCount
        deadline = timeout.map { .now + $0 }
    }

    func clientLeft() { isGone.store(true, ordering: .relaxed) }

    var isClientGone: Bool { isGone.load(ordering: .relaxed) }
    var isLate: Bool { deadline.map { .now > $0 } ?? false }
    var isEnded: Bool { isClientGone || isLate }
}

/// The threads on which requests are read: JSON, templates, tokens and grammars.
///
/// Accounts take turns. Long requests have threads and turns of their own, fewer than there are processors and behind all
/// others, so that any number of them leaves short ones and the engine their time.
final class RequestThreads: Sendable {
    private struct Lane: Sendable {
        let turns: ReadingTurns
        let pool: NIOThreadPool

        init(threads: Int) {
            turns = ReadingTurns(limit: threads)
            pool = NIOThreadPool(numberOfThreads: threads)
            pool.start()
        }
    }

    /// Bodies up to this many bytes are short.
    private static let shortest = 16 << 10

    private let short: Lane
    private let long: Lane

    init(processors: Int = System.coreCount) {
        short = Lane(threads: max(2, processors))
        long = Lane(threads: max(1, processors / 2))
    }

    deinit {
        for lane in [short, long] { lane.pool.shutdownGracefully { _ in } }
    }

    /// Works on a request when it is its account's turn.
    ///
    /// Throws `ClientGone` when the client left before or meanwhile, a 503 when the time is up, and what `body` throws.
    func run<Value: Sendable>(
        _ work: RequestWork,
        _ account: Account,
        _ body: @escaping @Sendable (RequestWork) throws -> Value
    ) async throws -> Value {
        let isLong = work.byteCount > Self.shortest
        let lane = isLong ? long : short
        do {
            return try await lane.turns.run(account) {
                try await lane.pool.runIfActive {
                    if isLong { Self.giveWay() }
                    try Self.check(work)
                    return try body(work)
                }
            }
        } catch {
            try Self.check(work)
            throw error
        }
    }

    private static func check(_ work: RequestWork) throws {
        if work.isClientGone { throw ClientGone() }
        if work.isLate {
            throw APIError(
                .serviceUnavailable,
                type: "overloaded_error",
                "the request was not read in time, because others are: ask again later, or ask for a simpler schema",
                code: "read_timeout",
                retryAfter: 1
            )
        }
    }

    /// Lets all other threads go first.
    ///
    /// Threads of a pool do nothing else, so this need not be taken back.
    private static func giveWay() {
        #if os(Linux)
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
        #endif
    }
}
