import Foundation
import NIOConcurrencyHelpers
package import NIOCore
package import NIOHTTP1
import NIOPosix

/// A server on this machine that answers as a test wants it to.
package final class LocalServer: Sendable {
    package struct Request: Sendable {
        package var method: String
        /// The path as it was sent, percent-encoded.
        package var path: String
        package var headers: HTTPHeaders
        package var body: [UInt8] = []

        /// The first byte that a `Range` header asks for.
        package var firstByte: Int {
            headers.first(name: "Range").flatMap { Int($0.dropFirst("bytes=".count).dropLast()) } ?? 0
        }
    }

    package enum Piece: Sendable {
        case bytes([UInt8])
        case pause(TimeAmount)
        /// Closes the connection.
        case drop
    }

    package struct Reply: Sendable {
        package var status: HTTPResponseStatus
        package var headers: [(String, String)]
        package var body: [Piece]

        package init(status: HTTPResponseStatus = .ok, headers: [(String, String)] = [], body: [Piece] = []) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    package typealias Answer = @Sendable (Request, [Request]) -> Reply

    package let port: Int
    private let channel: any Channel
    private let log: NIOLockedValueBox<[Request]>

    /// `answer` gets the request and those that came before it.
    package init(_ answer: @escaping Answer) async throws {
        let log = NIOLockedValueBox<[Request]>([])
        self.log = log
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(Handler(log: log, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    package var requests: [Request] { log.withLockedValue { $0 } }
    package var address: String { "http://127.0.0.1:\(port)" }

    package func stop() async { try? await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let log: NIOLockedValueBox<[Request]>
        private let answer: Answer
        private var request: Request?

        init(log: NIOLockedValueBox<[Request]>, answer: @escaping Answer) {
            self.log = log
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                request = Request(method: head.method.rawValue, path: head.uri, headers: head.headers)
            case .body(let bytes):
                request?.body += Array(bytes.readableBytesView)
            case .end:
                guard let request else { return }
                let earlier = log.withLockedValue { log in
                    defer { log.append(request) }
                    return log
                }
                let reply = answer(request, earlier)
                let head = HTTPResponseHead(
                    version: .http1_1,
                    status: reply.status,
                    headers: HTTPHeaders(reply.headers)
                )
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                send(request.method == "HEAD" ? [] : reply.body[...], context)
            }
        }

        private func send(_ pieces: ArraySlice<Piece>, _ context: ChannelHandlerContext) {
            guard let piece = pieces.first else {
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
                return
            }
            let rest = pieces.dropFirst()
            switch piece {
            case .bytes(let bytes):
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
                send(rest, context)
            case .pause(let time):
                let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
                context.eventLoop.scheduleTask(in: time) {
                    let (handler, context) = bound.value
                    if context.channel.isActive { handler.send(rest, context) }
                }
            case .drop:
                context.close(promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
