package import Tensors

/// One use of an operator.
package struct Node: Sendable, Hashable {
    package var name: String
    /// The operator, such as `MatMul`.
    package var operatorType: String
    package var domain: String
    /// Names of values; an empty name is an optional input that is not given.
    package var inputs: [String]
    package var outputs: [String]
    package var attributes: [String: Attribute]

    package init(
        _ operatorType: String,
        _ inputs: [String],
        outputs: [String],
        name: String = "",
        domain: String = "",
        attributes: [String: Attribute] = [:]
    ) {
        self.name = name
        self.operatorType = operatorType
        self.domain = domain
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
    }
}

extension Node: CustomStringConvertible {
    /// How messages call the node.
    package var description: String {
        let label = name.isEmpty ? outputs.first ?? "" : name
        return "node '\(label)' (\(domain.isEmpty ? "" : domain + ".")\(operatorType))"
    }
}

/// A parameter of a node.
package indirect enum Attribute: Sendable, Hashable {
    case integer(Int)
    case float(Float)
    case string(String)
    case integers([Int])
    case floats([Float])
    case strings([String])
    case tensor(Tensor)
    case graph(Graph)
}
