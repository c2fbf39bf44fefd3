/// What goes wrong with files and batches: what, where, and what to do.
package struct BatchError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// The folder, or a file that a person named, cannot be used.
        case invalidLocation
        /// There is no such file or batch of this owner's.
        case notFound
        /// Something else needs it still, or it has ended.
        case inUse
        /// A limit is reached.
        case tooMuch
        /// Another program has locked the database for longer than it was waited for.
        case busy
        /// The disk or the database failed.
        case storage
    }

    package var code: Code
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }
}
