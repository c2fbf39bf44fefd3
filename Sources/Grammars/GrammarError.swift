/// Why a schema could not become a grammar.
package struct GrammarError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// The schema is not a sound one: a keyword has a value of the wrong kind, a reference leads nowhere.
        case invalidSchema
        /// A keyword, or what it says, cannot be held exactly.
        case unsupported
        /// Nothing that could be written satisfies the schema.
        case unsatisfiable
        /// The schema is larger than the limits allow, or would become so.
        case tooLarge
    }

    package var code: Code
    /// Where in the schema and which keyword, what is wrong, and what to do.
    package var message: String

    init(_ code: Code, _ path: String, _ message: String) {
        self.code = code
        self.message = "\(path): \(message)"
    }

    package var description: String { message }
}
