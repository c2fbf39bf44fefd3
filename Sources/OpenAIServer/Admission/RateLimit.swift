import HTTPTypes
import Synchronization

/// How often one account may ask: so many requests a minute, as many of them at once as have been saved up.
final class RateLimit: Sendable {
    struct Bucket {
        let perMinute: Int
        private var saved: Double
        private var last: ContinuousClock.Instant

        init(perMinute: Int, _ now: ContinuousClock.Instant) {
            self.perMinute = perMinute
            saved = Double(perMinute)
            last = now
        }

        /// Whether nothing is known of it any more that a new one would not have.
        func isFull(_ now: ContinuousClock.Instant) -> Bool {
            saved + (now - last) / .seconds(60) * Double(perMinute) >= Double(perMinute)
        }

        /// Takes one request out; the seconds until there is one when there is none.
        mutating func take(_ now: ContinuousClock.Instant) -> Int? {
            let perSecond = Double(perMinute) / 60
            saved = min(Double(perMinute), saved + (now - last) / .seconds(1) * perSecond)
            last = now
            guard saved < 1 else {
                saved -= 1
                return nil
            }
            return max(1, Int(((1 - saved) / perSecond).rounded(.up)))
        }
    }

    private struct State {
        var buckets: [String: Bucket] = [:]
        /// Accounts that are known before those are forgotten that have not asked for a minute.
        var mostBuckets = 1024
    }

    private let perMinute: Int?
    private let state = Mutex(State())

    /// Nil is no limit.
    init(perMinute: Int?) {
        self.perMinute = perMinute
    }

    /// Throws a 429 with the seconds after which this account may ask again.
    func take(_ account: String, _ now: ContinuousClock.Instant = .now) throws(APIError) {
        guard let perMinute else { return }
        let seconds = state.withLock { state in
            if state.buckets.count >= state.mostBuckets {
                state.buckets = state.buckets.filter { !$0.value.isFull(now) }
                state.mostBuckets = max(1024, 2 * state.buckets.count)
            }
            return state.buckets[account, default: Bucket(perMinute: perMinute, now)].take(now)
        }
        guard let seconds else { return }
        throw APIError(
            .tooManyRequests,
            type: "rate_limit_error",
            "more than \(perMinute) requests a minute: ask again later",
            code: "rate_limit_exceeded",
            retryAfter: seconds
        )
    }
}
