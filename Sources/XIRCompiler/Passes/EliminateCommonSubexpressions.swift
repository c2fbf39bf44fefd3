package import XIR

/// Computes equal operations on equal operands once.
package struct EliminateCommonSubexpressions: Pass {
    package let name = "eliminate-common-subexpressions"

    package init() {}

    private struct Expression: Hashable {
        var name: String
        var operands: [ValueID]
        var attributes: [String: Attribute]
    }

    package func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        var outcome = PassOutcome()
        for index in module.functions.indices {
            var seen: [Expression: [ValueID]] = [:]
            var rewriter = FunctionRewriter(module.functions[index])
            do throws(XIRError) {
                module.functions[index] = try rewriter.rebuild { (operation, rewriter) throws(XIRError) in
                    guard let definition = OperationTable.standard[operation.name], definition.updates.isEmpty else {
                        return nil
                    }
                    let operands =
                        definition.isCommutative
                        ? operation.operands.sorted { $0.index < $1.index } : operation.operands
                    let expression = Expression(
                        name: operation.name,
                        operands: operands,
                        attributes: operation.attributes
                    )
                    if let results = seen[expression] {
                        outcome.rewrites += 1
                        return results
                    }
                    seen[expression] = operation.results
                    return nil
                }
            } catch {
                throw CompilerError(.invalidModule, "\(name): \(error.message)", cause: error)
            }
        }
        return outcome
    }
}
