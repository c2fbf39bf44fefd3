#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why a model could not be pulled from a hub, or found in the cache.
package struct HubError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// The repository name, the revision, or a setting is not well formed.
        case invalidName, invalidRevision, invalidConfiguration
        /// The hub has no such repository, revision or file, or does not show it to us.
        case repositoryNotFound, revisionNotFound, fileNotFound
        /// The hub wants a token, another token, or a licence accepted first.
        case unauthorized, gated, forbidden
        /// The repository holds nothing that Kongur can load.
        case notAModel
        /// The network must not be used, or does not work.
        case offline, unreachable, timedOut, connectionLost, insecureConnection
        /// The hub answered, but not with what was asked for.
        case rateLimited, serverFailed, tooManyRedirects, unsafeRedirect, invalidResponse, unsafeFileName
        /// What arrived is not what the hub announced.
        case sizeMismatch, checksumMismatch
        case noSpace, fileSystem
        case cancelled
    }

    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String
    package var cause: (any Error)?
    /// How long the server asked us to wait.
    var retryAfter: Duration?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        guard let cause else { return message }
        return "\(message) (\(cause))"
    }

    /// Whether the same request may succeed a little later.
    var isTransient: Bool {
        switch code {
        case .unreachable, .timedOut, .connectionLost, .rateLimited, .serverFailed: true
        default: false
        }
    }

    static let wasCancelled = HubError(
        .cancelled,
        "the download was cancelled; pull again to continue where it stopped"
    )

    /// The error that `errno` holds now, after `action` on `path` failed.
    static func system(_ action: String, _ path: String) -> HubError {
        let number = errno
        let reason = String(cString: strerror(number))
        if number == ENOSPC || number == EDQUOT {
            return HubError(.noSpace, "\(path): \(action): \(reason); free some space and pull again to continue")
        }
        return HubError(.fileSystem, "\(path): \(action): \(reason)")
    }
}
