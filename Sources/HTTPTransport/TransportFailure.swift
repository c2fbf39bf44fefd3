import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// In which way a request has failed before an answer could be read.
package enum TransportFailure: Sendable, Hashable {
    /// The task of the caller was cancelled.
    case cancelled
    /// No connection, or no byte, came in the time that was given.
    case timedOut
    /// No connection was ever made.
    case unreachable
    /// The other side ended the connection, or what it sent is no HTTP.
    case connectionLost
    /// The certificate of the other side is not trusted, or it speaks no TLS.
    case insecureConnection

    /// What an error that `HTTPClient` has thrown means.
    package init(_ error: any Error) {
        self =
            switch error {
            case is CancellationError: .cancelled
            case let error as HTTPClientError where error == .cancelled: .cancelled
            case let error as HTTPClientError where Self.timeouts.contains(error): .timedOut
            case is NIOConnectionError,
                is IOError where Self.isNoConnection(error):
                .unreachable
            case let error as NIOSSLError where error == .uncleanShutdown: .connectionLost
            case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: .insecureConnection
            default: .connectionLost
            }
    }

    /// Whether a connection was never made, rather than lost.
    private static func isNoConnection(_ error: any Error) -> Bool {
        guard let error = error as? IOError else { return true }
        return [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, EADDRNOTAVAIL].contains(error.errnoCode)
    }

    private static let timeouts: [HTTPClientError] = [
        .connectTimeout, .readTimeout, .deadlineExceeded, .tlsHandshakeTimeout,
    ]
}
