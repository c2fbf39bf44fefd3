import NIOCore
import NIOHTTPTypes
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

/// Watches one connection: half-closed while a request is worked on, reset, or no longer reading.
///
/// A client that has closed its side, or has not read for `writeTimeout`, waits for nothing: its request ends.
final class ConnectionGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    let connection = Connection()
    private let writeTimeout: TimeAmount
    private var stalled: Scheduled<Void>?

    init(writeTimeout: TimeAmount) {
        self.writeTimeout = writeTimeout
    }

    /// The connection that a channel is.
    ///
    /// Throws `ClientGone` when it has been closed already.
    static func connection(of channel: any Channel) async throws -> Connection {
        do {
            return try await channel.eventLoop.submit {
                try channel.pipeline.syncOperations.handler(type: ConnectionGuard.self).connection
            }.get()
        } catch ChannelPipelineError.notFound {
            // A closed channel has no handlers any more.
            throw ClientGone()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent, connection.close() {
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        stalled?.cancel()
        connection.close()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stalled?.cancel()
        stalled = nil
        if !context.channel.isWritable {
            let channel = context.channel
            stalled = context.eventLoop.scheduleTask(in: writeTimeout) { channel.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }
}
