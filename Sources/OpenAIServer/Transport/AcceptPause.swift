import Logging
import NIOCore

/// Takes no connections for a moment when the system has no descriptor or memory for one.
///
/// The one that waits would otherwise be tried again at once, and a whole core be busy with that.
final class AcceptPause: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = Channel

    private static let duration = TimeAmount.seconds(1)

    private let logger: Logger

    init(_ logger: Logger) {
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is IOError {
            logger.warning("no more connections for a second", metadata: ["reason": "\(error)"])
            let channel = context.channel
            channel.setOption(.autoRead, value: false).whenComplete { _ in
                channel.eventLoop.scheduleTask(in: Self.duration) {
                    channel.setOption(.autoRead, value: true).whenFailure { _ in }
                }
            }
        }
        context.fireErrorCaught(error)
    }
}
