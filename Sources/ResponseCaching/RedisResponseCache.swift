import Dispatch
package import Logging
import Synchronization

/// Answers in Redis, which servers share.
///
/// Redis is spoken to on a thread of its own; what several callers ask at once is sent at once. After a failure nobody
/// asks until Redis has answered a try in the background: a Redis that is dead, slow or no Redis at all costs one request
/// a part of its patience, and the others nothing.
package final class RedisResponseCache: ResponseCache {
    private typealias Replies = LimitedWait<RedisReply>

    private struct Waiting {
        var command: RedisCommand
        var deadline: ContinuousClock.Instant
        var wait: Replies
    }

    private struct State {
        /// Nil while Redis answers.
        var failure: CacheError?
        /// Whether it was said that Redis is away.
        var isReported = false
        var waiting: [Waiting] = []
        var isSending = false
        /// Why Redis refused a command last.
        var refusal: String?
    }

    private static let prefix = "kongur:answer:"
    private static let retryDelays = (first: Duration.milliseconds(100), last: Duration.seconds(2))

    private let address: RedisAddress
    private let patience: Duration
    private let logger: Logger
    private let queue = DispatchQueue(label: "kongur.cache.redis")
    private let state: Mutex<State>
    /// Used on `queue` alone.
    private nonisolated(unsafe) var connection: RedisConnection?

    /// Connects in the background; until then there is nothing in the cache.
    package init(_ address: RedisAddress, patience: Duration = Patience.usual, logger: Logger) {
        self.address = address
        self.patience = patience
        self.logger = logger
        state = Mutex(State(failure: CacheError(.unavailable, "\(address): not connected yet")))
        retry(after: .zero)
    }

    package func value(for key: CacheKey) async throws(CacheError) -> [UInt8]? {
        switch try await perform(.get(Self.prefix + key.description)) {
        case .bytes(let stored):
            guard let value = StoredValue.unwrap(stored, for: key) else {
                throw CacheError(.damaged, "\(address): what it has under \(key) is not what was kept there")
            }
            return value
        case .none: return nil
        case .failure(let reason): throw lose(CacheError(.refused, "\(address): \(reason)"))
        case .status, .integer: throw lose(CacheError(.damaged, "\(address): it answers what was not asked"))
        }
    }

    package func setValue(_ value: [UInt8], for key: CacheKey, expiresIn: Duration?) async throws(CacheError) {
        let stored = StoredValue.wrap(value, for: key)
        try await change(.set(Self.prefix + key.description, stored, expiresIn: expiresIn))
    }

    package var heldByteCount: Int? { nil }

    package func removeValue(for key: CacheKey) async throws(CacheError) {
        try await change(.delete(Self.prefix + key.description))
    }

    /// Whether Redis answered when it was asked last.
    package var isAvailable: Bool { state.withLock { $0.failure == nil } }

    private func change(_ command: RedisCommand) async throws(CacheError) {
        switch try await perform(command) {
        case .status, .integer: return
        case .failure(let reason): throw refused(reason)
        case .bytes, .none: throw lose(CacheError(.damaged, "\(address): it answers what was not asked"))
        }
    }

    private func perform(_ command: RedisCommand) async throws(CacheError) -> RedisReply {
        if let failure = state.withLock(\.failure) { throw failure }
        let timeout = CacheError(.timedOut, "\(address): did not answer within \(patience)")
        do {
            return try await Replies.run(patience, timeout) { wait in
                let waiting = Waiting(command: command, deadline: .now + patience, wait: wait)
                let isSending = state.withLock { state in
                    defer { state.isSending = true }
                    state.waiting.append(waiting)
                    return state.isSending
                }
                if !isSending { queue.async { self.sendAll() } }
            }
        } catch {
            throw error.code == .timedOut ? lose(error) : error
        }
    }

    /// Sends what waits until nothing does.
    private func sendAll() {
        while true {
            let batch = state.withLock { state -> [Waiting] in
                defer { state.waiting = [] }
                state.isSending = !state.waiting.isEmpty
                return state.waiting
            }
            guard let first = batch.first else { return }
            do {
                let replies = try run(batch.map(\.command), until: first.deadline)
                for (waiting, reply) in zip(batch, replies) { waiting.wait.finish(.success(reply)) }
            } catch {
                let failure = lose(error)
                for waiting in batch { waiting.wait.finish(.failure(failure)) }
            }
        }
    }

    private func run(
        _ commands: [RedisCommand],
        until deadline: ContinuousClock.Instant
    ) throws(CacheError) -> [RedisReply] {
        if let failure = state.withLock(\.failure) { throw failure }
        if let connection {
            do {
                return try connection.run(commands, until: deadline)
            } catch {
                // Redis closes connections that were not used for long, and when it starts anew.
                guard connection.isClosed else { throw error }
            }
        }
        let connection = try RedisConnection(address, until: deadline)
        self.connection = connection
        return try connection.run(commands, until: deadline)
    }

    /// Redis does not answer as it should: nobody asks until it does.
    @discardableResult
    private func lose(_ error: CacheError) -> CacheError {
        let isFirst = state.withLock { state in
            defer { state.failure = error }
            return state.failure == nil
        }
        if isFirst {
            report(error)
            retry(after: .zero)
        }
        return error
    }

    /// Says once that Redis is away, until it is there again.
    private func report(_ error: CacheError) {
        let isReported = state.withLock { state in
            defer { state.isReported = true }
            return state.isReported
        }
        guard !isReported else { return }
        logger.warning("redis is away; answers are computed", metadata: ["reason": "\(error)"])
    }

    /// Redis speaks, and does not do what it is asked.
    private func refused(_ reason: String) -> CacheError {
        let isNew = state.withLock { state in
            defer { state.refusal = reason }
            return state.refusal != reason
        }
        let error = CacheError(.refused, "\(address): \(reason)")
        if isNew { logger.warning("redis refuses", metadata: ["reason": "\(error)"]) }
        return error
    }

    private func retry(after delay: Duration) {
        let nanoseconds = Int(delay / .nanoseconds(1))
        queue.asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) { [weak self] in self?.reconnect(delay) }
    }

    private func reconnect(_ delay: Duration) {
        connection = nil
        let deadline = ContinuousClock.now + patience
        do throws(CacheError) {
            let connection = try RedisConnection(address, until: deadline)
            // As what callers ask: a Redis that loads its data, or does not let this user read, is away as well.
            let replies = try connection.run([.get(Self.prefix)], until: deadline)
            if case .failure(let reason)? = replies.first {
                throw CacheError(.refused, "\(address): \(reason)")
            }
            self.connection = connection
            state.withLock { state in
                state.failure = nil
                state.isReported = false
            }
            logger.info("redis is there", metadata: ["address": "\(address)"])
        } catch {
            state.withLock { $0.failure = error }
            report(error)
            let (first, last) = Self.retryDelays
            retry(after: min(max(delay * 2, first), last))
        }
    }
}
