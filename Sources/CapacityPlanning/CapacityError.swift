/// Why a plan cannot be made.
package struct CapacityError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// A number, a distribution or a file of lengths makes no sense.
        case invalidInput
        /// The model does not fit on the device with room for one request of the workload.
        case doesNotFit
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
