import XIR

/// How often a module's constants are still to be used while a pass goes through its operations.
///
/// Weights take gigabytes: a pass that replaces them lets go of each with its last use, and not at its end.
struct ConstantUses {
    private var counts: [String: Int] = [:]

    init(_ functions: [Function]) {
        for function in functions {
            var names: [ValueID: String] = [:]
            for operation in function.operations {
                if operation.name == "constant" {
                    names[operation.results[0]] = operation.string("name")
                    continue
                }
                for operand in operation.operands {
                    if let name = names[operand] { counts[name, default: 0] += 1 }
                }
            }
            for result in function.results {
                if let name = names[result.value] { counts[name, default: 0] += 1 }
            }
        }
    }

    /// Takes away one use of a constant, and the constant with its last.
    mutating func release(_ name: String, from constants: inout [String: Constant]) {
        counts[name, default: 0] -= 1
        if counts[name] == 0 { constants[name] = nil }
    }
}
