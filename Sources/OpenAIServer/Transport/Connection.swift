import Synchronization

/// Tells the request that a connection is working on when the client has gone.
final class Connection: Sendable {
    private struct State {
        var isClosed = false
        var onClose: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Calls `onClose` when the client closes its side; at once when it has.
    func watch(_ onClose: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock { state in
            state.onClose = onClose
            return state.isClosed
        }
        if isClosed { onClose() }
    }

    func unwatch() {
        state.withLock { $0.onClose = nil }
    }

    /// Whether a request was told.
    @discardableResult
    func close() -> Bool {
        let onClose = state.withLock { state in
            state.isClosed = true
            return state.onClose
        }
        onClose?()
        return onClose != nil
    }
}
