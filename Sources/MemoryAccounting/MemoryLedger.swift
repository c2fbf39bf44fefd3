import Synchronization

/// The memory that requests may take together, from which each of them draws before it takes it.
///
/// One for each process that answers: grammars, bodies, unread events and connections all draw from it, so that no mixture
/// of them exceeds what was planned. Each use has an eighth to itself, which the others cannot take: schemas that fill the
/// ledger leave room for reading short requests, and slow readers leave room for schemas. Caches draw as well, and give
/// back what they keep when somebody else needs it.
///
///     guard let lease = ledger.lease(count, for: .bodies) else { throw busy }
///     …                       // lease.draw(more) as it grows
///     lease.giveBack()        // or when the last reference to it ends
package final class MemoryLedger: Sendable {
    /// What memory is drawn for.
    package enum Use: Int, CaseIterable, Sendable {
        /// Grammars that are made or kept, and masks of tokens.
        case grammars
        /// Bodies of requests, and what they are parsed into.
        case bodies
        /// Tokens and text that no client has read yet.
        case events
        /// Buffers of connections.
        case connections
    }

    private struct State {
        var drawn = [Int](repeating: 0, count: Use.allCases.count)
        var caches: [@Sendable (Int) -> Void] = []
    }

    /// Bytes in all.
    package let byteCount: Int
    private let state = Mutex(State())

    package init(byteCount: Int) {
        self.byteCount = max(0, byteCount)
    }

    /// Bytes that one use always has: no other can take them.
    package var ownByteCount: Int { byteCount / 8 }

    /// Bytes that are drawn now.
    package var drawn: Int { state.withLock { $0.drawn.reduce(0, +) } }

    /// Bytes that are drawn for a use now.
    package func drawn(for use: Use) -> Int { state.withLock { $0.drawn[use.rawValue] } }

    /// Draws bytes for a use; nil when there is no room for them.
    package func lease(_ byteCount: Int = 0, for use: Use) -> MemoryLease? {
        let lease = MemoryLease(self, use)
        return lease.draw(byteCount) ? lease : nil
    }

    /// Adds a cache, which is asked to give back about so many bytes when a draw finds no room.
    ///
    /// It is called on the thread that draws, so nobody may draw while holding a lock that `release` takes.
    package func addCache(_ release: @escaping @Sendable (_ byteCount: Int) -> Void) {
        state.withLock { $0.caches.append(release) }
    }

    /// Takes bytes, if need be from caches; false when there are not so many.
    func take(_ count: Int, for use: Use) -> Bool {
        if tryTaking(count, for: use) { return true }
        guard count <= byteCount else { return false }
        for release in state.withLock({ $0.caches }) {
            release(count)
            if tryTaking(count, for: use) { return true }
        }
        return false
    }

    private func tryTaking(_ count: Int, for use: Use) -> Bool {
        let own = ownByteCount
        return state.withLock { state in
            let drawn = state.drawn[use.rawValue]
            let others = state.drawn.reduce(0) { $0 + max(own, $1) } - max(own, drawn)
            guard count <= byteCount, drawn + count <= byteCount - others else { return false }
            state.drawn[use.rawValue] = drawn + count
            return true
        }
    }

    func giveBack(_ count: Int, for use: Use) {
        state.withLock { $0.drawn[use.rawValue] -= count }
    }
}
