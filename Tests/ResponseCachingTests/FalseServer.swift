import Foundation
import KongurTesting

/// A TCP server that speaks to whoever connects, and is no Redis.
final class FalseServer: Sendable {
    private let listener: Int32
    let port: Int

    /// `answer` is given each connection, and may write to it, until it returns.
    init(_ answer: @escaping @Sendable (Int32) -> Void) throws {
        let socket = try LoopbackSocket()
        (listener, port) = (socket.descriptor, socket.port)
        guard listen(listener, 16) == 0 else { throw POSIXError(.EADDRINUSE) }
        Thread { [listener] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread {
                    answer(connection)
                    close(connection)
                }.start()
            }
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    var url: String { "redis://127.0.0.1:\(port)" }

    /// Reads what comes; false at the end.
    static func read(_ connection: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        return recv(connection, &buffer, buffer.count, 0) > 0
    }

    /// False when the other end has gone.
    @discardableResult
    static func write(_ connection: Int32, _ bytes: some Sequence<UInt8>) -> Bool {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
