package import XIR

/// Passes in order; the module is verified after each one that changed it.
package struct PassPipeline: Sendable {
    package var passes: [any Pass]

    package init(_ passes: [any Pass]) {
        self.passes = passes
    }

    /// Runs every pass and tells `observer` after each.
    ///
    /// Throws what a pass throws, and `.invalidModule` naming the pass after which a rule of XIR does not hold.
    package func run(
        on module: inout Module,
        observer: (any Pass, Module, PassOutcome) throws(CompilerError) -> Void
    ) throws(CompilerError) {
        for pass in passes {
            let outcome = try pass.run(on: &module)
            if outcome.changed {
                do {
                    try module.verify()
                } catch {
                    throw CompilerError(
                        .invalidModule,
                        "the module is not valid after pass '\(pass.name)': \(error.message)",
                        cause: error
                    )
                }
            }
            try observer(pass, module, outcome)
        }
    }
}
