/// Keeps answers by the requests that they were given to.
///
/// Nobody depends on it: whoever asks goes on without when it throws. Every call returns soon, also when what is behind it
/// hangs: see `Patience`.
package protocol ResponseCache: Sendable {
    /// What was kept under a key; nil when nothing was, when it has expired, and when what is there is not what was kept.
    func value(for key: CacheKey) async throws(CacheError) -> [UInt8]?

    /// Keeps a value, in place of one that is there; nil never expires, but may be pushed out by others.
    func setValue(_ value: [UInt8], for key: CacheKey, expiresIn: Duration?) async throws(CacheError)

    func removeValue(for key: CacheKey) async throws(CacheError)

    /// The bytes that it takes on this machine; nil where they are on another one, or nobody knows.
    var heldByteCount: Int? { get }
}

/// How long callers wait for a cache at most.
package enum Patience {
    /// With what the machine adds it must stay below 50 milliseconds.
    package static let usual = Duration.milliseconds(40)
}

/// What a cache could not do.
package struct CacheError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// It did not answer in time.
        case timedOut
        /// It cannot be reached, or failed a moment ago.
        case unavailable
        /// It answered with what makes no sense.
        case damaged
        /// It is there and does not do it: full, read-only, not allowed.
        case refused
        /// A place that is none, or that cannot be used.
        case invalidLocation
    }

    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }
}
