/// Why a module was not compiled.
package struct CompilerError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// A pass left a module that breaks XIR's rules: a fault of ours.
        case invalidModule
        /// The graph is not one that this compiler can turn into a step program.
        case unsupportedGraph
        /// The target has no such operation.
        case unsupportedOperation
        case unknownPass
        /// A checked pass changed the results.
        case checkFailed
        /// The model could not be run to measure it.
        case notRun
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
}
