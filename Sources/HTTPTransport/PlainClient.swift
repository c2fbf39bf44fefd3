package import AsyncHTTPClient
package import NIOCore
import NIOSSL

extension HTTPClient {
    /// A client that does what it is told and nothing more: no redirects, no decompression, no second attempts, and HTTP/1.1,
    /// since for long transfers HTTP/2's small windows are only slower.
    ///
    /// At most `connections` are open to one host; requests beyond that wait. Must be shut down.
    package static func plain(connectTimeout: Duration, idleTimeout: Duration, connections: Int) -> HTTPClient {
        var settings = Configuration()
        settings.redirectConfiguration = .disallow
        settings.timeout = .init(
            connect: TimeAmount(bounding: connectTimeout),
            read: TimeAmount(bounding: idleTimeout)
        )
        settings.decompression = .disabled
        var secure = TLSConfiguration.makeClientConfiguration()
        // RFC 8996: the versions before are broken.
        secure.minimumTLSVersion = .tlsv12
        settings.tlsConfiguration = secure
        settings.httpVersion = .http1Only
        settings.connectionPool.retryConnectionEstablishment = false
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }
}

extension TimeAmount {
    /// A time of at most 136 years, which nanoseconds in 64 bits can hold.
    package init(bounding duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(min(seconds, 1 << 32) * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
