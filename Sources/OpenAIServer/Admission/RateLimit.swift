import HTTPTypes
import Synchronization

/// How often one holder of a key may ask: so many requests a minute, as many of them at once as have been saved up.
///
/// Holders are few, since each has a key; those without one count as one together.
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

    private let perMinute: Int?
    private let buckets = Mutex<[String: Bucket]>([:])

    /// Nil is no limit.
    init(perMinute: Int?) {
        self.perMinute = perMinute
    }

    /// Throws a 429 with the seconds after which this holder may ask again.
    func take(_ holder: String, _ now: ContinuousClock.Instant = .now) throws(APIError) {
        guard let perMinute else { return }
        let seconds = buckets.withLock { $0[holder, default: Bucket(perMinute: perMinute, now)].take(now) }
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
