package import XIR

/// One transformation of a module that keeps its meaning.
package protocol Pass: Sendable {
    /// The name that `--print-after` and `kongur optimize` take, in the form `fuse-rms-norm`.
    var name: String { get }

    /// Transforms the module and says what happened.
    ///
    /// Throws only when the module cannot go on without this pass; a place that does not match is a refusal.
    func run(on module: inout Module) throws(CompilerError) -> PassOutcome
}

/// What a pass did.
package struct PassOutcome: Sendable, Hashable {
    /// How many places changed.
    package var rewrites: Int
    /// Why places that looked alike were left alone, one sentence each.
    package var refusals: [String]

    package init(rewrites: Int = 0, refusals: [String] = []) {
        self.rewrites = rewrites
        self.refusals = refusals
    }

    package var changed: Bool { rewrites > 0 }

    mutating func refuse(_ reason: String) {
        if !refusals.contains(reason) { refusals.append(reason) }
    }
}
