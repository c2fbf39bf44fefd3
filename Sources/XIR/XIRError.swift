/// Why XIR was refused: the text does not parse, or the module breaks rules.
package struct XIRError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        case syntax, verification, inference
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
