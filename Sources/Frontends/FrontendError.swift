/// Why one form of a model did not become the next.
package struct FrontendError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// The checkpoint's tensors could not be had.
        case checkpoint
        /// An operator, or a use of one, that has no counterpart.
        case unsupported
        /// A graph that contradicts itself: shapes that do not fit, names that nothing defines.
        case invalid
    }

    package var code: Code
    /// What is wrong, at which node or tensor, and what to do.
    package var message: String
    package var cause: (any Error & Sendable)?

    package init(_ code: Code, _ message: String, cause: (any Error & Sendable)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }
}
