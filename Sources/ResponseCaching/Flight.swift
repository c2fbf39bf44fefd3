import Synchronization

/// Memory that is counted elsewhere, from which a flight takes what it keeps.
package protocol FlightMemory: Sendable {
    /// False, and nothing is taken, when there is not so much.
    func take(_ byteCount: Int) -> Bool
    func giveBack(_ byteCount: Int)
}

/// One computation, what it has brought so far, and who listens to it.
package final class Flight<Element: Sendable>: Sendable {
    private struct Listener {
        /// The number of the element to take next.
        var position: Int
        var waiting: CheckedContinuation<Element?, any Error>?
        var fellBehind = false
    }

    private struct State {
        /// Elements from number `forgotten` on.
        var elements: [Element] = []
        var forgotten = 0
        var cost = 0
        var listeners: [Int: Listener] = [:]
        var lastID = 0
        var end: Result<Void, any Error>?
        var isAbandoned = false
        var task: Task<Void, Never>?
        var ended: (@Sendable () -> Void)?
    }

    /// What is to be done when the lock is released.
    private typealias Wake = (CheckedContinuation<Element?, any Error>, Result<Element?, any Error>)

    private let limit: Int
    private let memory: (any FlightMemory)?
    private let costOf: @Sendable (Element) -> Int
    private let state = Mutex(State())

    init(limit: Int, memory: (any FlightMemory)? = nil, cost: @escaping @Sendable (Element) -> Int) {
        self.limit = limit
        self.memory = memory
        costOf = cost
    }

    /// Starts the computation's task, and calls `ended` when nobody can join any more.
    func begin(_ work: @escaping @Sendable () async -> Void, ended: @escaping @Sendable () -> Void) {
        state.withLock { $0.ended = ended }
        let task = Task {
            await work()
            ended()
            state.withLock { $0.ended = nil }
        }
        state.withLock { $0.task = task }
    }

    /// Nil when what came first is forgotten, or everybody has left.
    func join(isFirst: Bool) -> FlightListener<Element>? {
        state.withLock { state in
            guard state.forgotten == 0, !state.isAbandoned else { return nil }
            state.lastID += 1
            state.listeners[state.lastID] = Listener(position: 0)
            return FlightListener(flight: self, id: state.lastID, isFirst: isFirst)
        }
    }

    /// Brings the next element to everybody; does nothing after the end.
    package func send(_ element: Element) {
        let wakes = state.withLock { state -> [Wake] in
            guard state.end == nil, !state.isAbandoned else { return [] }
            let cost = costOf(element)
            let isTaken = memory?.take(cost) ?? true
            state.elements.append(element)
            state.cost += cost
            let wakes = state.listeners.keys.compactMap { Self.wake($0, &state) }
            if state.cost > limit || !isTaken { forget(&state, untaken: isTaken ? 0 : cost) }
            return wakes
        }
        Self.resume(wakes)
    }

    /// Tells everybody that all has been brought; the computation may still work on what nobody waits for.
    package func finish() { finish(.success(())) }

    func finish(throwing error: any Error) { finish(.failure(error)) }

    private func finish(_ end: Result<Void, any Error>) {
        let wakes = state.withLock { state -> [Wake] in
            if state.end == nil { state.end = end }
            return state.listeners.keys.compactMap { Self.wake($0, &state) }
        }
        Self.resume(wakes)
    }

    /// Gives a listener its next element, now or when it comes.
    func next(_ id: Int, _ continuation: CheckedContinuation<Element?, any Error>) {
        let wake = state.withLock { state -> Wake? in
            // It has left: its task was cancelled.
            guard state.listeners[id] != nil else { return (continuation, .failure(CancellationError())) }
            state.listeners[id]?.waiting = continuation
            return Self.wake(id, &state)
        }
        if let wake { Self.resume([wake]) }
    }

    /// Lets a listener go; with the last one goes the computation, if it is not finished.
    func leave(_ id: Int) {
        let (waiting, task, ended) = state.withLock { state in
            let waiting = state.listeners.removeValue(forKey: id)?.waiting
            let isLast = state.listeners.isEmpty && state.end == nil && !state.isAbandoned
            if isLast { state.isAbandoned = true }
            return (waiting, isLast ? state.task : nil, isLast ? state.ended : nil)
        }
        waiting?.resume(throwing: CancellationError())
        ended?()
        task?.cancel()
    }

    /// Takes a listener's next element for it, when it waits and there is something.
    private static func wake(_ id: Int, _ state: inout State) -> Wake? {
        guard let listener = state.listeners[id], let waiting = listener.waiting else { return nil }
        let index = listener.position - state.forgotten
        let result: Result<Element?, any Error>
        if listener.fellBehind {
            result = .failure(FlightError.fellBehind)
        } else if index < state.elements.count {
            result = .success(state.elements[index])
        } else if let end = state.end {
            result = end.map { nil }
        } else {
            return nil
        }
        state.listeners[id]?.position += 1
        state.listeners[id]?.waiting = nil
        return (waiting, result)
    }

    private static func resume(_ wakes: [Wake]) {
        for (continuation, result) in wakes { continuation.resume(with: result) }
    }

    /// Forgets the oldest elements, a good part of them at once, since each time costs moving the rest.
    ///
    /// For `untaken` of what they cost there was no memory.
    private func forget(_ state: inout State, untaken: Int) {
        let (before, most) = (state.cost, min(limit, state.cost) / 4 * 3)
        var count = 0
        while state.cost > most, count < state.elements.count {
            state.cost -= costOf(state.elements[count])
            count += 1
        }
        state.elements.removeFirst(count)
        memory?.giveBack(max(0, before - state.cost - untaken))
        state.forgotten += count
        for (id, listener) in state.listeners where listener.position < state.forgotten {
            state.listeners[id]?.fellBehind = true
        }
    }
}

/// One who listens to a flight; leaves it when let go.
package final class FlightListener<Element: Sendable>: Sendable {
    private let flight: Flight<Element>
    private let id: Int
    /// Whether the computation was started for this one.
    package let isFirst: Bool

    init(flight: Flight<Element>, id: Int, isFirst: Bool) {
        self.flight = flight
        self.id = id
        self.isFirst = isFirst
    }

    deinit { leave() }

    /// The next element, nil after the last; for one task at a time.
    ///
    /// Throws what the computation threw, `FlightError.fellBehind`, and `CancellationError` after leaving. Cancelling the
    /// task leaves.
    package func next() async throws -> Element? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { flight.next(id, $0) }
        } onCancel: {
            leave()
        }
    }

    package func leave() { flight.leave(id) }
}
