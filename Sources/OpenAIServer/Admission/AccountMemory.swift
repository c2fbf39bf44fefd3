import InferenceEngine
import MemoryAccounting
import ResponseCaching
import Synchronization

/// The memory for one use, shared out among accounts: each may have as much as is then left.
///
/// So one account alone gets half of it, two get a third each, and there is always something for the next one. What is
/// taken is drawn from the ledger as well, in which other uses have their part.
final class AccountMemory: Sendable {
    /// Bytes in all.
    let limit: Int
    /// Bytes that each share has to itself, from what is kept for its connection.
    let allowance: Int
    private let ledger: MemoryLedger
    private let use: MemoryLedger.Use
    private let state = Mutex((total: 0, accounts: [String: Int]()))

    init(_ ledger: MemoryLedger, _ use: MemoryLedger.Use, allowance: Int) {
        self.ledger = ledger
        self.use = use
        self.allowance = allowance
        limit = ledger.byteCount / 2
    }

    /// What one request takes of it; given back when nobody holds the share any more, or before.
    final class Share: FlightMemory {
        /// Taken and given back so many bytes at a time: most requests never ask.
        private static let step = 16 << 10

        private let memory: AccountMemory
        private let account: String
        private let lease: MemoryLease?
        /// Bytes in use, and those beyond the allowance that were taken for them.
        private let state = Mutex((used: 0, taken: 0))

        init(_ memory: AccountMemory, for account: Account) {
            self.memory = memory
            self.account = account.name
            lease = memory.ledger.lease(for: memory.use)
        }

        deinit { giveBack() }

        /// Takes more bytes; false, and nothing is taken, when there is no room for them.
        func take(_ count: Int) -> Bool {
            state.withLock { state in
                let beyond = max(0, state.used + count - memory.allowance)
                if beyond > state.taken {
                    let more = (beyond - state.taken + Self.step - 1) / Self.step * Self.step
                    guard take(more, has: state.taken) else { return false }
                    state.taken += more
                }
                state.used += count
                return true
            }
        }

        /// Gives some bytes back.
        func giveBack(_ count: Int) {
            state.withLock { state in
                state.used = max(0, state.used - count)
                let beyond = max(0, state.used - memory.allowance)
                let unneeded = (state.taken - beyond) / Self.step * Self.step
                guard unneeded > Self.step || beyond == 0 else { return }
                state.taken -= unneeded
                release(unneeded)
            }
        }

        /// Ends what has been taken, whoever holds the share still.
        func giveBack() { giveBack(.max) }

        private func take(_ count: Int, has taken: Int) -> Bool {
            let isShared = memory.state.withLock { state in
                let own = state.accounts[account, default: 0]
                guard own + count <= memory.limit - state.total else { return false }
                state.total += count
                state.accounts[account] = own + count
                return true
            }
            guard isShared else { return false }
            if lease?.draw(count) == true { return true }
            giveBackShare(count)
            return false
        }

        private func release(_ count: Int) {
            guard count > 0 else { return }
            lease?.giveBack(count)
            giveBackShare(count)
        }

        private func giveBackShare(_ count: Int) {
            memory.state.withLock { state in
                state.total -= count
                let own = state.accounts[account, default: count] - count
                state.accounts[account] = own > 0 ? own : nil
            }
        }
    }
}
