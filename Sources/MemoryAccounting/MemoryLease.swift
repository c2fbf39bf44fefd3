import Synchronization

/// What one holder has drawn from a ledger; given back when nobody holds the lease any more, or before.
package final class MemoryLease: Sendable {
    private let ledger: MemoryLedger
    private let use: MemoryLedger.Use
    private let drawn = Mutex(0)

    init(_ ledger: MemoryLedger, _ use: MemoryLedger.Use) {
        self.ledger = ledger
        self.use = use
    }

    deinit { giveBack() }

    /// Bytes that are drawn.
    package var byteCount: Int { drawn.withLock { $0 } }

    /// Draws more bytes; returns false, and draws nothing, when there is no room for them.
    package func draw(_ count: Int) -> Bool {
        guard count > 0 else { return true }
        guard ledger.take(count, for: use) else { return false }
        drawn.withLock { $0 += count }
        return true
    }

    /// Gives some bytes back, at most those that are drawn.
    package func giveBack(_ count: Int) {
        let returned = drawn.withLock { drawn in
            let returned = min(max(0, count), drawn)
            drawn -= returned
            return returned
        }
        if returned > 0 { ledger.giveBack(returned, for: use) }
    }

    /// Gives everything back, whoever holds the lease still.
    package func giveBack() { giveBack(.max) }
}
