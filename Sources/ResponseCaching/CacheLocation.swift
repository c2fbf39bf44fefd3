package import Logging

/// Which cache, and where.
package enum CacheLocation: Sendable, Hashable, CustomStringConvertible {
    case off
    case memory
    case sqlite(path: String)
    case redis(RedisAddress)

    /// Parses `off`, `memory`, `sqlite:PATH`, or an address of Redis.
    ///
    /// Throws `.invalidLocation`.
    package init(parsing text: String) throws(CacheError) {
        switch text {
        case "off": self = .off
        case "memory": self = .memory
        case _ where text.hasPrefix("sqlite:"):
            let path = String(text.dropFirst("sqlite:".count))
            guard !path.isEmpty else { throw CacheError(.invalidLocation, "sqlite: names no file: write sqlite:PATH") }
            self = .sqlite(path: path)
        case _ where text.contains("://"): self = .redis(try RedisAddress(parsing: text))
        default:
            throw CacheError(
                .invalidLocation,
                "it is off, memory, sqlite:PATH, redis://HOST:PORT or unix:///PATH"
            )
        }
    }

    /// Without a password.
    package var description: String {
        switch self {
        case .off: "off"
        case .memory: "memory"
        case .sqlite(let path): "sqlite:\(path)"
        case .redis(let address): address.description
        }
    }

    /// Opens the cache; nil when there is to be none.
    ///
    /// `byteCount` bounds memory and file; Redis has limits of its own. Throws `.invalidLocation` for a file that cannot be
    /// used; a Redis that cannot be reached is tried again.
    package func open(byteCount: Int, logger: Logger) throws(CacheError) -> (any ResponseCache)? {
        switch self {
        case .off: nil
        case .memory: MemoryResponseCache(byteCount: byteCount)
        case .sqlite(let path): try SQLiteResponseCache(path: path, byteCount: byteCount, logger: logger)
        case .redis(let address): RedisResponseCache(address, logger: logger)
        }
    }
}
