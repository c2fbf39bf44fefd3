/// The work that one schema may cost, in nanoseconds or so: a hostile schema fails in a fraction of a second.
struct CompileBudget {
    /// What takes memory costs more than its time, so that all of it stays below about 100 MB.
    static let state = 1_000
    static let edge = 100

    private var left = 40_000_000

    /// Throws `.tooLarge`, naming `path`, when nothing is left.
    mutating func spend(_ amount: Int, at path: String) throws(GrammarError) {
        left -= amount
        guard left >= 0 else {
            throw GrammarError(
                .tooLarge,
                path,
                "the schema is too large to be compiled: make it smaller or simpler here"
            )
        }
    }
}
