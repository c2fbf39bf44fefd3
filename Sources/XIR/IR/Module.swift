package import Tensors

/// A constant of a module: its values, or only its type when the text form left large values out.
package enum Constant: Sendable, Hashable {
    case tensor(Tensor)
    case external(TensorType)

    package var type: TensorType {
        switch self {
        case .tensor(let tensor): tensor.type
        case .external(let type): type
        }
    }

    package var tensor: Tensor? {
        if case .tensor(let tensor) = self { tensor } else { nil }
    }
}

/// Functions, and the constants that `constant` operations name.
package struct Module: Sendable, Hashable {
    package var functions: [Function]
    package var constants: [String: Constant]
    /// Facts about the model that the graph does not hold, such as `context_length`.
    package var metadata: [String: String]

    package init(functions: [Function] = [], constants: [String: Constant] = [:], metadata: [String: String] = [:]) {
        self.functions = functions
        self.constants = constants
        self.metadata = metadata
    }

    package func function(named name: String) -> Function? {
        functions.first { $0.name == name }
    }

    /// A name for a new constant that starts with `prefix` and is not taken.
    package func freshConstantName(_ prefix: String) -> String {
        guard constants[prefix] != nil else { return prefix }
        var number = 1
        while constants["\(prefix).\(number)"] != nil { number += 1 }
        return "\(prefix).\(number)"
    }

    /// Forgets constants that no operation names.
    package mutating func removeUnusedConstants() {
        var used: Set<String> = []
        for function in functions {
            for operation in function.operations where operation.name == "constant" {
                if let name = operation.string("name") { used.insert(name) }
            }
        }
        constants = constants.filter { used.contains($0.key) }
    }
}
