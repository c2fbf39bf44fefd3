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
        /// There is no memory for it now; later there may be.
        case busy
        /// The work was ended from outside.
        case ended
    }

    package var code: Code
    /// Where in the schema and which keyword, what is wrong, and what to do.
    package var message: String
    /// The keyword that cannot be held, where the schema would do without it, and the place of its schema.
    let keyword: String?
    let path: SchemaPath

    init(_ code: Code, _ path: SchemaPath, _ message: String, keyword: String? = nil) {
        self.code = code
        self.message = "\(path): \(message)"
        self.keyword = keyword
        self.path = path
    }

    package var description: String { message }
}
