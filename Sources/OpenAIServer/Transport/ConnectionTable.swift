import HummingbirdCore
import NIOCore
import Synchronization

/// The connections that are open, and what each of them is waiting for.
///
/// When there are as many as there may be, the ones that wait for their clients make room: of the address with the most
/// connections, the one that has waited longest. So nobody keeps others out by connections that bring nothing, and a
/// proxy, through which everybody comes, may have all of them.
final class ConnectionTable: Sendable {
    enum Phase: Sendable {
        /// For a request's head.
        case waiting
        /// For a request's body.
        case reading
        /// The server has the request, or writes the response.
        case working
    }

    private struct Entry {
        let address: ClientAddress
        let channel: any Channel
        var phase = Phase.waiting
        var since = ContinuousClock.now
        /// Asked to make room.
        var isLeaving = false
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var counts: [ClientAddress: Int] = [:]
        var lastID: UInt64 = 0
    }

    let limit: Int
    private let limitPerAddress: Int
    private let state = Mutex(State())

    init(limit: Int, perAddress: Int? = nil) {
        self.limit = limit
        limitPerAddress = perAddress ?? limit
    }

    var count: Int { state.withLock(\.entries.count) }

    /// Adds a connection until it closes, and gives its number; nil when its address has too many.
    func open(_ channel: any Channel) -> UInt64? {
        let address = ClientAddress(channel.remoteAddress)
        let id = state.withLock { state -> UInt64? in
            guard state.counts[address, default: 0] < limitPerAddress else { return nil }
            state.lastID += 1
            state.entries[state.lastID] = Entry(address: address, channel: channel)
            state.counts[address, default: 0] += 1
            return state.lastID
        }
        guard let id else { return nil }
        channel.closeFuture.whenComplete { [weak self] _ in self?.remove(id) }
        if count >= limit { makeRoom() }
        return id
    }

    private func remove(_ id: UInt64) {
        state.withLock { state in
            guard let entry = state.entries.removeValue(forKey: id) else { return }
            state.counts[entry.address, default: 1] -= 1
            if state.counts[entry.address] == 0 { state.counts[entry.address] = nil }
        }
    }

    /// Tells what a connection is waiting for now.
    func update(_ id: UInt64, _ phase: Phase) {
        let isFull = state.withLock { state in
            state.entries[id]?.phase = phase
            state.entries[id]?.since = .now
            state.entries[id]?.isLeaving = false
            return state.entries.count >= limit
        }
        if isFull, phase == .waiting { makeRoom() }
    }

    /// Closes one connection that waits for its client, if there is one.
    func makeRoom() {
        let channel = state.withLock { state -> (any Channel)? in
            let waiting = state.entries.filter { $0.value.phase != .working && !$0.value.isLeaving }
            let victim = waiting.min { left, right in
                let (leftCount, rightCount) = (
                    state.counts[left.value.address, default: 0], state.counts[right.value.address, default: 0]
                )
                return leftCount != rightCount ? leftCount > rightCount : left.value.since < right.value.since
            }
            guard let victim else { return nil }
            state.entries[victim.key]?.isLeaving = true
            return victim.value.channel
        }
        channel?.pipeline.fireUserInboundEventTriggered(ConnectionGuard.MakeRoom())
    }

    /// Closes all connections, whatever they are doing.
    func closeAll() {
        let channels = state.withLock { $0.entries.values.map(\.channel) }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ConnectionGuard.Abort()) }
    }
}

/// Lets new connections wait outside while there are as many as there may be.
struct ConnectionDoor: AvailableConnectionsDelegate {
    let connections: ConnectionTable
    private var count = 0

    init(_ connections: ConnectionTable) {
        self.connections = connections
    }

    mutating func connectionOpened() { count += 1 }
    mutating func connectionClosed() { count -= 1 }

    func isAcceptingNewConnections() -> Bool {
        if count < connections.limit { return true }
        connections.makeRoom()
        return false
    }
}
