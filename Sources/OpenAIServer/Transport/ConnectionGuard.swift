import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1

/// Watches over one connection, between HTTP's parser and the server.
///
/// Requests that could be read in two ways are refused. A head has `readTimeout` to arrive, and each further `readTimeout`
/// must bring a little of a body. A response to a request that has not been read ends its connection, and so does one to a
/// client that said so or that speaks HTTP/1.0 and would not find its end otherwise. A client that has closed its side, or
/// has not read for `writeTimeout`, waits for nothing: its request ends.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Closes the connection if it waits for its client.
    struct MakeRoom: Sendable {}
    /// Closes the connection, whatever it is doing.
    struct Abort: Sendable {}

    /// Bytes of a body a second, at least.
    static let slowestBody = 1024
    /// How long a refused client may go on sending, so that it gets to read why: a reset would take the response from it.
    private static let patience = TimeAmount.seconds(2)

    /// A request whose response is not complete.
    private struct Exchange {
        let version: HTTPVersion
        /// Whether the connection ends with the response.
        var isLast: Bool
        /// Whether the whole request has come.
        var isReceived = false
    }

    private enum Phase {
        case open
        /// Everything has been said and is on its way.
        case ending
        /// All is sent; what still comes is passed over.
        case lingering
    }

    let connection = Connection()
    private let id: UInt64
    private let connections: ConnectionTable
    private let readTimeout: TimeAmount
    private let writeTimeout: TimeAmount

    private var phase = Phase.open
    /// In the order of their requests.
    private var exchanges: [Exchange] = []
    /// What is told to the client after the responses before it; nothing is read any more.
    private var refusal: APIError?
    /// Responses that have been written but not sent.
    private var unsentEnds = 0
    /// Bytes of a body since the time for the next ones began.
    private var bodyByteCount = 0
    /// Whether the server wants to read on.
    private var isReading = false
    private var arrival: Scheduled<Void>?
    private var stalled: Scheduled<Void>?

    init(id: UInt64, _ connections: ConnectionTable, readTimeout: TimeAmount, writeTimeout: TimeAmount) {
        self.id = id
        self.connections = connections
        self.readTimeout = readTimeout
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

    func handlerAdded(context: ChannelHandlerContext) { awaitHead(context) }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        arrival?.cancel()
        stalled?.cancel()
        connection.close()
    }

    // MARK: Requests

    /// Whether what comes now is for the server to read.
    private var isListening: Bool {
        guard phase == .open, refusal == nil else { return false }
        guard let last = exchanges.last else { return true }
        return !last.isLast || !last.isReceived
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isListening else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let part):
            bodyByteCount += part.readableBytes
            context.fireChannelRead(data)
        case .end:
            arrival?.cancel()
            if !exchanges.isEmpty { exchanges[exchanges.count - 1].isReceived = true }
            connections.update(id, .working)
            context.fireChannelRead(data)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let checked: HTTPRequestHead
        do {
            checked = try RequestHeadRules.checked(head)
        } catch {
            refuse(error, context)
            return
        }
        // Other protocols are not spoken here, but the parser stops for them.
        let isLast = !head.isKeepAlive || head.headers.contains(name: "upgrade")
        exchanges.append(Exchange(version: head.version, isLast: isLast))
        arrival?.cancel()
        if RequestHeadRules.hasBody(head) {
            connections.update(id, .reading)
            awaitBody(context)
        }
        context.fireChannelRead(wrapInboundOut(.head(checked)))
    }

    func read(context: ChannelHandlerContext) {
        isReading = true
        context.read()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        context.fireChannelReadComplete()
        // Nobody behind this one asks for more.
        if phase == .lingering { context.read() }
    }

    private func awaitHead(_ context: ChannelHandlerContext) {
        connections.update(id, .waiting)
        arrival?.cancel()
        arrival = context.eventLoop.assumeIsolated().scheduleTask(in: readTimeout) { context.close(promise: nil) }
    }

    private func awaitBody(_ context: ChannelHandlerContext) {
        bodyByteCount = 0
        // A route that waits for the body gives up a little earlier, and says so.
        let time = readTimeout + .seconds(1)
        let least = Int(time.nanoseconds / 1_000_000_000) * Self.slowestBody
        arrival = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
            // The server itself may be what keeps the client waiting.
            if bodyByteCount >= least || !isReading { awaitBody(context) } else { context.close(promise: nil) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, exchanges.last?.isReceived != false else {
            // Whoever reads the body is told.
            context.fireErrorCaught(error)
            return
        }
        if isListening { refuse(RequestHeadRules.refusal(error), context) }
    }

    /// Tells the client what is wrong, after the responses that it is still to get, and ends the connection.
    private func refuse(_ error: APIError, _ context: ChannelHandlerContext) {
        arrival?.cancel()
        refusal = error
        if exchanges.isEmpty { sendRefusal(error, context) }
    }

    private func sendRefusal(_ error: APIError, _ context: ChannelHandlerContext) {
        let body = (try? JSONOutput.data(ErrorBody(error))) ?? Data()
        let headers: HTTPHeaders = [
            "Content-Type": "application/json", "Content-Length": String(body.count), "Connection": "close",
        ]
        let status = HTTPResponseStatus(statusCode: error.status.code, reasonPhrase: error.status.reasonPhrase)
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        writeEnd(context, wrapOutboundOut(.end(nil)), nil)
        finish(context)
    }

    // MARK: Responses

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard phase == .open, let exchange = exchanges.first else {
            // The request's response is complete.
            promise?.succeed()
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.code < 200:
            // HTTP/1.0 does not know them.
            if exchange.version.minor == 0 { promise?.succeed() } else { context.write(data, promise: promise) }
        case .head(var head):
            let hasEnd = exchange.version.minor > 0 || head.headers.contains(name: "content-length")
            let isLast = exchange.isLast || !exchange.isReceived || !head.isKeepAlive || !hasEnd
            exchanges[0].isLast = isLast
            if exchange.version.minor == 0 { head.version = .http1_0 }
            if isLast {
                head.headers.replaceOrAdd(name: "connection", value: "close")
            } else if exchange.version.minor == 0 {
                head.headers.replaceOrAdd(name: "connection", value: "keep-alive")
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            exchanges.removeFirst()
            writeEnd(context, data, promise)
            if exchange.isLast {
                finish(context)
            } else if exchanges.isEmpty {
                if let refusal { sendRefusal(refusal, context) } else { awaitHead(context) }
            }
        }
    }

    private func writeEnd(_ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?) {
        let sent = context.eventLoop.makePromise(of: Void.self)
        unsentEnds += 1
        sent.futureResult.assumeIsolated().whenComplete { [self] _ in
            unsentEnds -= 1
            if phase == .ending, unsentEnds == 0 { linger(context) }
        }
        if let promise { sent.futureResult.cascade(to: promise) }
        context.write(data, promise: sent)
    }

    /// Ends the connection when all that was written is sent.
    private func finish(_ context: ChannelHandlerContext) {
        guard phase == .open else { return }
        phase = .ending
        arrival?.cancel()
        context.flush()
        if unsentEnds == 0 { linger(context) }
    }

    /// Closes this side, and the other one when the client has done so.
    private func linger(_ context: ChannelHandlerContext) {
        guard phase != .lingering else { return }
        phase = .lingering
        connections.update(id, .waiting)
        context.close(mode: .output, promise: nil)
        arrival = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { context.close(promise: nil) }
        context.read()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch (mode, phase) {
        case (.input, _): context.close(mode: mode, promise: promise)
        case (_, .open) where mode == .output || unsentEnds == 0: context.close(mode: mode, promise: promise)
        default:
            // What is on its way arrives first.
            context.channel.closeFuture.cascade(to: promise)
            finish(context)
        }
    }

    // MARK: The client

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is Abort: context.close(promise: nil)
        case is MakeRoom:
            if exchanges.allSatisfy({ !$0.isReceived }) { context.close(promise: nil) }
        case ChannelEvent.inputClosed:
            if connection.close() || phase == .lingering { context.close(promise: nil) }
            context.fireUserInboundEventTriggered(event)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stalled?.cancel()
        stalled = nil
        if !context.channel.isWritable {
            stalled = context.eventLoop.assumeIsolated().scheduleTask(in: writeTimeout) { context.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }
}
