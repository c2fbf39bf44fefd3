import InferenceEngine
import Synchronization

/// Whose request is read next: parsing and tokenising take turns among accounts, so that nobody waits behind all the
/// requests of another.
///
/// As many run at once as there are threads for it.
final class ReadingTurns: Sendable {
    private struct State {
        var queue: TurnQueue
        var waiters: [UInt64: CheckedContinuation<Void, any Error>] = [:]
        var nextID: UInt64 = 0
    }

    private let state: Mutex<State>

    init(limit: Int) {
        state = Mutex(State(queue: TurnQueue(limit: limit)))
    }

    /// Does the work when it is the account's turn.
    ///
    /// Throws `CancellationError` when the task is cancelled while it waits.
    func run<Value: Sendable>(_ account: Account, _ work: () async throws -> Value) async throws -> Value {
        try await wait(account)
        defer { leave(account) }
        return try await work()
    }

    private func wait(_ account: Account) async throws {
        let id = state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isNext = state.withLock { state in
                    let isNext = state.queue.enter(id, account)
                    if !isNext { state.waiters[id] = continuation }
                    return isNext
                }
                if isNext { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.waiters.removeValue(forKey: id)
                if waiter != nil { state.queue.remove(id, account) }
                return waiter
            }
            waiter?.resume(throwing: CancellationError())
        }
    }

    private func leave(_ account: Account) {
        let waiter = state.withLock { state in
            state.queue.leave(account).flatMap { state.waiters.removeValue(forKey: $0) }
        }
        waiter?.resume()
    }
}

/// The order of the turns, as a value: next is the account that has fewest under way for its weight, and of equal ones the
/// one whose last turn is longest ago.
struct TurnQueue: Sendable {
    private struct Line {
        var weight: Int
        var running = 0
        var waiting: [UInt64] = []
        var lastTurn: UInt64 = 0
    }

    private let limit: Int
    private var running = 0
    private var lines: [String: Line] = [:]
    private var turn: UInt64 = 0

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    var isEmpty: Bool { lines.isEmpty && running == 0 }

    /// Puts one more in line; whether its turn is now.
    mutating func enter(_ id: UInt64, _ account: Account) -> Bool {
        lines[account.name, default: Line(weight: account.weight)].weight = account.weight
        guard running >= limit else {
            begin(account.name)
            return true
        }
        lines[account.name]?.waiting.append(id)
        return false
    }

    /// One that had its turn is done; returns whose turn it is now.
    mutating func leave(_ account: Account) -> UInt64? {
        running -= 1
        lines[account.name]?.running -= 1
        let next = lines.filter { !$0.value.waiting.isEmpty }.min { one, other in
            let (a, b) = (one.value.running * other.value.weight, other.value.running * one.value.weight)
            return a != b ? a < b : one.value.lastTurn < other.value.lastTurn
        }
        defer { forget(account.name) }
        guard let name = next?.key, let id = lines[name]?.waiting.removeFirst() else { return nil }
        begin(name)
        return id
    }

    /// Takes one that waits out of the line.
    mutating func remove(_ id: UInt64, _ account: Account) {
        lines[account.name]?.waiting.removeAll { $0 == id }
        forget(account.name)
    }

    private mutating func begin(_ name: String) {
        turn += 1
        running += 1
        lines[name]?.running += 1
        lines[name]?.lastTurn = turn
    }

    private mutating func forget(_ name: String) {
        if let line = lines[name], line.running == 0, line.waiting.isEmpty { lines[name] = nil }
    }
}
