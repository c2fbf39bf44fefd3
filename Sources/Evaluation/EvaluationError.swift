import Foundation

/// Why an evaluation could not be run.
package struct EvaluationError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// The task's file is missing, empty, or holds something else than problems.
        case invalidTask
        /// The results file cannot be used: another run writes it, belongs to another run, or is damaged.
        case invalidResults
        /// A file cannot be read or written.
        case fileSystem
        /// The model failed on a problem.
        case generationFailed
        case cancelled
    }

    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }

    /// A file that cannot be read, with the system's reason.
    static func unreadable(_ code: Code, _ path: String, _ error: any Error) -> EvaluationError {
        let reason =
            switch (error as? CocoaError)?.code {
            case .fileReadNoSuchFile: "no such file"
            case .fileReadNoPermission: "permission denied"
            default: "cannot be read: is it a folder?"
            }
        return EvaluationError(code, "\(path): \(reason)", cause: error)
    }
}
