#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why bytes did not become a tensor, or a file was not read or written.
package struct TensorError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        case fileNotReadable, fileNotWritable, sizeMismatch, outOfBounds
    }

    package var code: Code
    /// What is wrong and what to do.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    static func cannotRead(_ path: String) -> TensorError {
        TensorError(.fileNotReadable, "\(path): cannot be read: \(String(cString: strerror(errno)))")
    }

    static func cannotWrite(_ path: String) -> TensorError {
        TensorError(.fileNotWritable, "\(path): cannot be written: \(String(cString: strerror(errno)))")
    }

    package var description: String { message }
}
