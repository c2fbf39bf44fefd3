import Synchronization

/// Computations that are shared by all who ask for the same thing at the same time.
///
/// The first one to ask starts the computation; whoever comes before its end gets what it has brought so far and then the
/// rest as it comes. It goes on as long as somebody listens, whoever that is.
package final class SingleFlight<Key: Hashable & Sendable, Element: Sendable>: Sendable {
    private let flights = Mutex<[Key: Flight<Element>]>([:])
    private let limit: Int
    private let cost: @Sendable (Element) -> Int

    /// A flight keeps elements that cost `limit` together: what goes beyond it is forgotten, oldest first, and then nobody can
    /// join any more, and who had not taken it falls out with `FlightError.fellBehind`.
    package init(limit: Int, cost: @escaping @Sendable (Element) -> Int) {
        self.limit = limit
        self.cost = cost
    }

    /// Listens to the computation for a key; where there is none, starts one.
    ///
    /// What `compute` throws is thrown to all who listen. Its task is cancelled when the last one leaves before it calls
    /// `Flight.finish` or returns; until it returns, others can join. A new flight keeps what it brings in `memory`; what it
    /// costs is then in bytes.
    package func join(
        _ key: Key,
        memory: (any FlightMemory)? = nil,
        _ compute: @escaping @Sendable (Flight<Element>) async throws -> Void
    ) -> FlightListener<Element> {
        flights.withLock { flights in
            if let listener = flights[key]?.join(isFirst: false) { return listener }
            let flight = Flight(limit: limit, memory: memory, cost: cost)
            // The task's first act may be its last, but the lock is ours until the flight is in the list.
            guard let listener = flight.join(isFirst: true) else { preconditionFailure("a new flight can be joined") }
            flights[key] = flight
            flight.begin {
                do {
                    try await compute(flight)
                    flight.finish()
                } catch {
                    flight.finish(throwing: error)
                }
            } ended: { [weak self] in
                self?.flights.withLock { flights in
                    if flights[key] === flight { flights[key] = nil }
                }
            }
            return listener
        }
    }

    /// Computations that have not returned.
    package var count: Int { flights.withLock(\.count) }
}

package enum FlightError: Error, Sendable, Hashable {
    /// The listener took so long that what it had to take next is forgotten.
    case fellBehind
}
