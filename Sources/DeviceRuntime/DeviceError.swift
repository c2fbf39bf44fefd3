/// Why a device did not load or run a program.
package struct DeviceError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// The device has no kernel for an operation, an element type or a shape.
        case unsupported
        case outOfMemory
        /// A program file that is damaged or of another version.
        case invalidProgram
        /// An input does not fit the program.
        case invalidInput
        /// The device failed and cannot be used any more.
        case deviceLost
        /// The device failed at this, and may succeed at what follows.
        case failed
        case deviceNotFound
        /// A descriptor of a device with a field that is missing or wrong.
        case invalidDescriptor
        case fileNotWritable
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
