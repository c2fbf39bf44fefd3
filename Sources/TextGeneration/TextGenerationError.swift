/// Why a prompt could not be given to the model.
///
/// What fails later, while tokens are drawn, arrives as the engine's own error.
package struct TextGenerationError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        case emptyPrompt
        /// The model has no chat template, so messages cannot become a prompt.
        case noChatTemplate
        /// The chat template refused the messages, or is broken.
        case templateFailed
        /// There is no message at the end that can be continued.
        case noFinalMessage
        case invalidStopString
        /// The answer's format is none that an answer can be held to.
        case invalidFormat
        /// The tools are none that an answer can be held to.
        case invalidTools
        /// The thinking budget is negative.
        case invalidThinkingBudget
        /// There is no memory for the format now; later there may be.
        case busy
        /// Compiling the format was ended from outside.
        case ended
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
