public import Foundation
import ModelHub

/// Why a model was not found, loaded or run.
public struct KongurError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// No such model on this machine.
        case modelNotFound
        /// The model's files cannot be read or are not of a kind that Kongur runs.
        case invalidModel
        /// What was asked for cannot be done: a bad parameter, an empty prompt, a prompt longer than the context.
        case invalidInput
        /// More memory would be needed than may be used.
        case outOfMemory
        /// The device failed or cannot run the model.
        case deviceFailed
        /// A hub could not be reached or did not send what it should.
        case networkFailed
        /// An answer was asked for while another one was being read.
        case busy
        /// The caller gave up.
        case cancelled
        /// A fault of Kongur's, or of the system's.
        case failed
    }

    public var code: Code
    /// What is wrong, where, and what to do.
    public var message: String
    /// The error of the part that failed.
    public var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}

extension KongurError: LocalizedError {
    public var errorDescription: String? { message }
}
