import Checkpoints
import DeviceRuntime
import Foundation
import Frontends
import InferenceEngine
import ModelHub
import ONNX
import TextGeneration
import Tokenizers
import XIR
import XIRCompiler

extension KongurError {
    /// What an error of any room means to a caller: the one place where they meet.
    package init(_ error: any Error) {
        self =
            switch error {
            case let error as KongurError: error
            case let error as TokenizerError: KongurError(Self.code(error.code), error.message, cause: error)
            case let error as HubError: KongurError(Self.code(error.code), error.description, cause: error)
            case let error as CheckpointError: KongurError(.invalidModel, error.message, cause: error)
            case let error as ONNXError: KongurError(.invalidModel, error.message, cause: error)
            case let error as FrontendError: KongurError(.invalidModel, error.message, cause: error)
            case let error as CompilerError: KongurError(.invalidModel, error.message, cause: error)
            case let error as XIRError: KongurError(.invalidInput, error.message, cause: error)
            case let error as DeviceError: KongurError(Self.code(error.code), error.message, cause: error)
            case let error as EngineError: KongurError(Self.code(error.code), error.message, cause: error)
            case let error as TextGenerationError: KongurError(.invalidInput, error.message, cause: error)
            case is CancellationError: KongurError(.cancelled, "cancelled", cause: error)
            case let error as CocoaError:
                KongurError(.failed, "\(error.filePath.map { "\($0): " } ?? "")\(error.systemReason)", cause: error)
            default: KongurError(.failed, error.systemReason, cause: error)
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

    private static func code(_ code: DeviceError.Code) -> Code {
        switch code {
        case .invalidInput, .deviceNotFound, .invalidDescriptor: .invalidInput
        case .invalidProgram: .invalidModel
        case .unsupported, .outOfMemory, .deviceLost, .failed: .deviceFailed
        case .fileNotWritable: .failed
        }
    }

    private static func code(_ code: EngineError.Code) -> Code {
        switch code {
        case .invalidRequest, .promptTooLong, .invalidConfiguration, .noAllowedToken: .invalidInput
        case .invalidLogits, .deviceFailed: .deviceFailed
        case .duplicateRequest, .shutDown: .failed
        }
    }
}
