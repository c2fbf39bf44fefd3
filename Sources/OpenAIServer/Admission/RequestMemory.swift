import HTTPTypes
import Synchronization

/// The memory that requests take while their bodies are read and parsed: a little for each connection, so that nobody can
/// take it from short requests, and as much again for all connections together, which long ones share.
final class RequestMemory: Sendable {
    /// Bytes for each connection, of which it has half to itself.
    static let byteCountPerConnection = 64 << 10
    /// Bytes that a byte of a body may become: lists of short numbers are the worst.
    private static let growth = 16

    private let limit: Int
    /// Bytes beyond what connections have to themselves.
    private let used = Mutex(0)

    init(connections: Int) {
        limit = connections * Self.byteCountPerConnection / 2
    }

    /// What one request takes of it; given back when nobody holds the share any more, or before.
    final class Share: Sendable {
        private let memory: RequestMemory
        /// Bytes of the body, and what they take of what is shared.
        private let state = Mutex((body: 0, shared: 0))

        init(_ memory: RequestMemory) {
            self.memory = memory
        }

        deinit { giveBack() }

        /// Ends what has been taken, whoever holds the share still.
        func giveBack() {
            let shared = state.withLock { state in
                defer { state = (0, 0) }
                return state.shared
            }
            memory.used.withLock { $0 -= shared }
        }

        /// Takes what `count` more bytes of a body need.
        ///
        /// A long request may take any amount while it is the only one, since bodies have a limit of their own; otherwise
        /// throws a 503 when too much is taken.
        func take(_ count: Int) throws(APIError) {
            let isTaken = state.withLock { state in
                let body = state.body + count
                let shared = max(0, body * RequestMemory.growth - RequestMemory.byteCountPerConnection / 2)
                let isTaken = memory.used.withLock { used in
                    let others = used - state.shared
                    guard shared == state.shared || others == 0 || others + shared <= memory.limit else { return false }
                    used = others + shared
                    return true
                }
                if isTaken { state = (body, shared) }
                return isTaken
            }
            guard isTaken else {
                throw APIError(
                    .serviceUnavailable,
                    type: "overloaded_error",
                    "too many long requests are being read: ask again later",
                    code: "memory_full",
                    retryAfter: 1
                )
            }
        }
    }
}
