/// Why a tokenizer or a chat template could not be loaded, or why a template did not render.
package struct TokenizerError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// A file is missing or cannot be read.
        case fileNotReadable
        /// A file's contents are not what its format says.
        case malformedFile
        /// The file is well formed but asks for something that this room does not do.
        case unsupported
        /// A chat template's source does not parse.
        case templateSyntax
        /// A chat template met a value that it cannot use.
        case templateFailed
        /// The template itself refused the conversation by calling `raise_exception`.
        case templateRefused
        /// A template asked for more steps, depth or output than is allowed.
        case limitExceeded
    }

    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
