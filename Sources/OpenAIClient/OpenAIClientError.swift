import HTTPTransport

/// Why a server could not be asked, or did not answer as OpenAI's API does.
package struct OpenAIClientError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// The address or the key is not well formed.
        case invalidAddress, invalidKey
        /// The server answered with an error; `status` says which, unless it came in the middle of an answer.
        case refused
        /// What came is not what OpenAI's API gives.
        case invalidResponse
        case unreachable, timedOut, insecureConnection
        /// The connection was lost before an answer began, or in the middle of it.
        case connectionLost, brokenOff
        case cancelled
    }

    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String
    /// The status of the answer.
    package var status: Int?
    /// How long the server asks to wait.
    package var retryAfter: Duration?
    package var cause: (any Error)?

    init(_ code: Code, _ message: String, status: Int? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.status = status
        self.cause = cause
    }

    package var description: String { message }

    /// What an error of the HTTP client, or one of our own, means.
    init(_ error: any Error, from address: ServerAddress) {
        if let error = error as? OpenAIClientError {
            self = error
            return
        }
        switch TransportFailure(error) {
        case .cancelled:
            self.init(.cancelled, "the request to \(address) was cancelled", cause: error)
        case .timedOut:
            self.init(.timedOut, "\(address) does not answer in time", cause: error)
        case .unreachable:
            self.init(
                .unreachable,
                "cannot connect to \(address): check that a server is running there, and the address",
                cause: error
            )
        case .insecureConnection:
            self.init(
                .insecureConnection,
                "\(address) has no certificate that this system trusts, or does not speak https",
                cause: error
            )
        case .connectionLost:
            self.init(.connectionLost, "\(address) ended the connection: \("\(error)".shortened)", cause: error)
        }
    }
}
