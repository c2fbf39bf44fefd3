import Synchronization

/// Answers in memory: so many bytes of them, those that were asked for last.
package final class MemoryResponseCache: ResponseCache {
    private struct Entry {
        var value: [UInt8]
        var expires: ContinuousClock.Instant?
        var neighbours: (older: CacheKey?, newer: CacheKey?)

        /// With about what the entry itself takes.
        var byteCount: Int { value.count + 256 }
        func isExpired(at now: ContinuousClock.Instant) -> Bool { expires.map { $0 <= now } ?? false }
    }

    /// The entries, in a chain from the one that was used last to the one that was used longest ago.
    private struct State {
        private(set) var entries: [CacheKey: Entry] = [:]
        private(set) var byteCount = 0
        private(set) var oldest: CacheKey?
        private var newest: CacheKey?

        mutating func insert(_ entry: Entry, _ key: CacheKey) {
            var entry = entry
            entry.neighbours = (newest, nil)
            if let newest { entries[newest]?.neighbours.newer = key }
            newest = key
            oldest = oldest ?? key
            entries[key] = entry
            byteCount += entry.byteCount
        }

        @discardableResult
        mutating func remove(_ key: CacheKey) -> Entry? {
            guard let entry = entries.removeValue(forKey: key) else { return nil }
            let (older, newer) = entry.neighbours
            if let older { entries[older]?.neighbours.newer = newer } else { oldest = newer }
            if let newer { entries[newer]?.neighbours.older = older } else { newest = older }
            byteCount -= entry.byteCount
            return entry
        }
    }

    private let limit: Int
    private let state = Mutex(State())

    /// Takes at most `byteCount` bytes, the cost of keeping entries apart included.
    package init(byteCount: Int) {
        limit = byteCount
    }

    package func value(for key: CacheKey) -> [UInt8]? {
        state.withLock { state in
            guard let entry = state.remove(key), !entry.isExpired(at: .now) else { return nil }
            state.insert(entry, key)
            return entry.value
        }
    }

    package func setValue(_ value: [UInt8], for key: CacheKey, expiresIn: Duration?) {
        let entry = Entry(value: value, expires: expiresIn.map { .now + $0 }, neighbours: (nil, nil))
        state.withLock { state in
            state.remove(key)
            guard entry.byteCount <= limit else { return }
            state.insert(entry, key)
            while state.byteCount > limit, let oldest = state.oldest { state.remove(oldest) }
        }
    }

    package func removeValue(for key: CacheKey) {
        state.withLock { _ = $0.remove(key) }
    }

    package var heldByteCount: Int? { byteCount }

    package var byteCount: Int { state.withLock(\.byteCount) }
}
