import Logging
import Synchronization

/// What becomes known about one request while it is worked on: for its log line, and for whoever needs the answer's cost.
///
/// Never what was asked or answered.
final class RequestRecord: Sendable {
    private struct State {
        var model: String?
        var usage: Usage?
        var error: APIError?
        var key: APIKey?
        var asksAnew = false
        var origin: AnswerCache.Origin?
    }

    /// The client's own, when it gave a sound one.
    let id: String
    private let state = Mutex(State())

    init(id: String) {
        self.id = id
    }

    /// Takes a client's name for the request when it is short and plain; otherwise makes one.
    static func identifier(_ proposed: String?) -> String {
        func isPlain(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x3A, 0x5F: true
            default: false
            }
        }
        if let proposed, (1...128).contains(proposed.utf8.count), proposed.utf8.allSatisfy(isPlain) { return proposed }
        return ResponseIdentity.newID("req-")
    }

    /// The model that it asks, by a name that the server gave it.
    func ask(_ model: String) { state.withLock { $0.model = model } }
    func finish(_ usage: Usage) { state.withLock { $0.usage = usage } }
    func fail(_ error: APIError) { state.withLock { $0.error = error } }
    func authenticate(_ key: APIKey) { state.withLock { $0.key = key } }
    /// The client wants no answer that was given before.
    func askAnew() { state.withLock { $0.asksAnew = true } }
    func open(_ origin: AnswerCache.Origin) { state.withLock { $0.origin = origin } }

    var model: String? { state.withLock(\.model) }
    var usage: Usage? { state.withLock(\.usage) }
    var error: APIError? { state.withLock(\.error) }
    var key: APIKey? { state.withLock(\.key) }
    var asksAnew: Bool { state.withLock(\.asksAnew) }
    /// Where its answers come from; nil where that is not looked at.
    var origin: AnswerCache.Origin? { state.withLock(\.origin) }
}
