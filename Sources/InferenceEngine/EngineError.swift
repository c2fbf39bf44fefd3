/// Why the engine refused or ended a request.
package struct EngineError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// A parameter is out of range or a token id is not in the vocabulary.
        case invalidRequest
        /// The prompt leaves no room for an answer in the model's context or in the cache.
        case promptTooLong
        /// A request with this id is being worked on.
        case duplicateRequest
        /// The configuration does not fit the model's program.
        case invalidConfiguration
        /// The model gave logits from which no token can be drawn.
        case invalidLogits
        /// The answer must have a form, and no token of the vocabulary fits into it here.
        case noAllowedToken
        /// The device failed; the engine takes no more requests.
        case deviceFailed
        /// The engine has been shut down.
        case shutDown
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

    package static let noAllowedToken = EngineError(
        .noAllowedToken,
        "no token of the model's vocabulary can go on with the answer in the form that it must have"
    )
}
