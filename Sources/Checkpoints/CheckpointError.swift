/// Why a folder is not a checkpoint that Kongur can use.
package struct CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// A file is missing or cannot be read.
        case fileNotReadable
        /// A file is not what its name says: broken JSON, offsets outside the file, and the like.
        case malformed
        /// A sound checkpoint of a kind that is not supported.
        case unsupported
        /// The configuration asks for tensors that the files do not hold, or hold with another shape or type.
        case tensorMismatch
    }

    package var code: Code
    /// What is wrong, in which file, and what to do.
    package var message: String
    package var cause: (any Error & Sendable)?

    package init(_ code: Code, _ message: String, cause: (any Error & Sendable)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }

    package static func == (left: CheckpointError, right: CheckpointError) -> Bool {
        left.code == right.code && left.message == right.message
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(message)
    }
}
