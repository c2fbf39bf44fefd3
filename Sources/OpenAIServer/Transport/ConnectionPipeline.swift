import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL

/// What the bytes of a connection go through: TLS where there is a certificate, HTTP/1, and the guard.
struct ConnectionPipeline: HTTPChannelHandler {
    /// Bytes that are read at once.
    private static let readByteCount = 16 << 10

    let responder: HTTPChannelHandler.Responder
    let connections: ConnectionTable
    let certificate: ServerCertificate?
    let readTimeout: TimeAmount
    let writeTimeout: TimeAmount

    func setup(
        channel: any Channel,
        logger: Logger
    ) -> EventLoopFuture<NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>> {
        let id = connections.open(channel)
        let ready = channel.eventLoop.makeCompletedFuture {
            // What one connection holds is a few reads, and as much that waits to be sent.
            let options = channel.syncOptions
            try options?.setOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: Self.readByteCount)
            )
            try options?.setOption(.maxMessagesPerRead, value: 1)
            try options?.setOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(low: 16 << 10, high: 32 << 10)
            )
            let pipeline = channel.pipeline.syncOperations
            if let certificate { try pipeline.addHandler(NIOSSLServerHandler(context: certificate.context)) }
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false,
                withErrorHandling: false,
                withOutboundHeaderValidation: false,
                withEncoderConfiguration: HTTPResponseEncoder.Configuration(),
                withDecoderLimitConfiguration: Self.headLimits
            )
            try pipeline.addHandler(
                ConnectionGuard(
                    id: id ?? 0,
                    connections,
                    readTimeout: readTimeout,
                    writeTimeout: writeTimeout
                )
            )
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: certificate != nil))
            try pipeline.addHandler(HTTPConnectionStateHandler(logger: logger))
            let connection = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
                wrappingChannelSynchronously: channel,
                configuration: NIOAsyncChannel.Configuration(
                    backPressureStrategy: NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark(
                        lowWatermark: 1,
                        highWatermark: 2
                    ),
                    isOutboundHalfClosureEnabled: true
                )
            )
            if id == nil { channel.close(promise: nil) }
            return connection
        }
        ready.whenFailure { _ in channel.close(promise: nil) }
        return ready
    }

    func handle(value connection: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>, logger: Logger) async {
        await handleHTTP(asyncChannel: connection, logger: logger)
    }

    private static var headLimits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16 << 10
        limits.maxHeaderListSize = 32 << 10
        limits.maxHeaderFieldCount = 100
        return limits
    }
}
