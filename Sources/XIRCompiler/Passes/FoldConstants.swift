import ReferenceBackend
import Tensors
package import XIR

/// Evaluates operations on constants once, on the reference.
///
/// Results above `largestResult` bytes stay as they are, and so do weights that are only cast or transposed: the
/// operation that takes them reads them as they are stored.
package struct FoldConstants: Pass {
    package let name = "fold-constants"
    private let largestResult = 1 << 16

    package init() {}

    package func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        var outcome = PassOutcome()
        for index in module.functions.indices {
            var working = module
            var rewriter = FunctionRewriter(module.functions[index])
            do throws(XIRError) {
                module.functions[index] = try rewriter.rebuild { (operation, rewriter) throws(XIRError) in
                    guard let folded = fold(operation, rewriter, working.constants, &outcome) else { return nil }
                    outcome.rewrites += 1
                    return folded.map { tensor in
                        let name = working.freshConstantName("folded")
                        working.constants[name] = .tensor(tensor)
                        return rewriter.constant(name, .tensor(tensor))
                    }
                }
            } catch {
                throw CompilerError(.invalidModule, "\(name): \(error.message)", cause: error)
            }
            module.constants = working.constants
        }
        module.removeUnusedConstants()
        return outcome
    }

    private func fold(
        _ operation: Operation,
        _ rewriter: FunctionRewriter,
        _ constants: [String: Constant],
        _ outcome: inout PassOutcome
    ) -> [Tensor]? {
        guard operation.name != "constant", let definition = OperationTable.standard[operation.name],
            definition.updates.isEmpty, !mentionsSymbols(operation), !isStoredWeight(operation, rewriter)
        else { return nil }
        var operands: [Tensor] = []
        for operand in operation.operands {
            guard let name = rewriter.definition(operand, "constant")?.string("name"),
                let tensor = constants[name]?.tensor
            else { return nil }
            operands.append(tensor)
        }
        let types = operation.results.compactMap { rewriter.type($0).bound([:]) }
        guard types.count == operation.results.count, types.reduce(0, { $0 + $1.byteCount }) <= largestResult else {
            return nil
        }
        do {
            return try Interpreter.evaluate(operation, operands, resultTypes: types, symbols: [:], constants: constants)
        } catch {
            outcome.refuse("'\(operation.name)' on constants: \(error)")
            return nil
        }
    }

    /// Whether an attribute's value is known only when the function runs.
    private func mentionsSymbols(_ operation: Operation) -> Bool {
        operation.attributes.keys.contains { name in
            operation.extents(name)?.contains { $0.fixed == nil } == true
        }
    }

    private func isStoredWeight(_ operation: Operation, _ rewriter: FunctionRewriter) -> Bool {
        guard ["cast", "transpose"].contains(operation.name) else { return false }
        let type = rewriter.type(operation.operands[0])
        return type.elementType.isFloatingPoint && (1...2).contains(type.rank) && type.elementCount != 1
    }
}
