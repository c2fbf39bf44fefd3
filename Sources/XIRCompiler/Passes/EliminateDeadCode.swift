package import XIR

/// Removes operations whose results nobody needs, and constants that nobody names.
package struct EliminateDeadCode: Pass {
    package let name = "eliminate-dead-code"

    package init() {}

    package func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        var outcome = PassOutcome()
        for index in module.functions.indices {
            var function = module.functions[index]
            var needed = Set(function.results.map(\.value))
            var kept: [Operation] = []
            for operation in function.operations.reversed() {
                // An update of state is an effect, whether or not its result is read.
                let updates = OperationTable.standard[operation.name]?.updates.isEmpty == false
                if updates || operation.results.contains(where: needed.contains) {
                    needed.formUnion(operation.operands)
                    kept.append(operation)
                } else {
                    outcome.rewrites += 1
                }
            }
            function.operations = kept.reversed()
            function.renumber()
            module.functions[index] = function
        }
        module.removeUnusedConstants()
        return outcome
    }
}
