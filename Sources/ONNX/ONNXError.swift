/// Why a file is not an ONNX model that can be read, or a model cannot be written.
package struct ONNXError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        case fileNotReadable, fileNotWritable
        /// Not protobuf, cut off, or a graph that breaks the format's rules.
        case malformed
        /// Sound, but of a kind that is not supported.
        case unsupported
    }

    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String
    package var cause: (any Error & Sendable)?

    package init(_ code: Code, _ message: String, cause: (any Error & Sendable)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { message }
}
