import ModelHub
import Tokenizers

extension KongurError {
    /// What an error of any room means to a caller: the one place where they meet.
    package init(_ error: any Error) {
        self =
            switch error {
            case let error as KongurError: error
            case let error as TokenizerError: KongurError(Self.code(error.code), error.message, cause: error)
            case let error as HubError: KongurError(Self.code(error.code), error.description, cause: error)
            case is CancellationError: KongurError(.cancelled, "cancelled", cause: error)
            default: KongurError(.failed, "\(error)", cause: error)
            }
    }

    private static func code(_ code: TokenizerError.Code) -> Code {
        switch code {
        case .fileNotReadable, .malformedFile, .unsupported, .templateSyntax: .invalidModel
        case .templateFailed, .templateRefused, .limitExceeded: .invalidInput
        }
    }

    private static func code(_ code: HubError.Code) -> Code {
        switch code {
        case .invalidName, .invalidRevision, .invalidConfiguration: .invalidInput
        case .repositoryNotFound, .revisionNotFound, .fileNotFound, .unauthorized, .gated, .forbidden: .modelNotFound
        case .notAModel: .invalidModel
        case .cancelled: .cancelled
        case .noSpace, .fileSystem: .failed
        case .offline, .unreachable, .timedOut, .connectionLost, .insecureConnection, .rateLimited, .serverFailed,
            .tooManyRedirects, .unsafeRedirect, .invalidResponse, .unsafeFileName, .sizeMismatch, .checksumMismatch:
            .networkFailed
        }
    }
}
