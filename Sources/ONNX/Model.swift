/// An ONNX model: a graph, and the versions of the operator sets that its nodes mean.
package struct Model: Sendable, Hashable {
    package var irVersion: Int
    package var producerName: String
    package var producerVersion: String
    /// Version by domain; the standard operators have the domain "".
    package var operatorSets: [String: Int]
    package var graph: Graph
    /// Free text by key, as in `metadata_props`.
    package var metadata: [String: String]

    package init(
        irVersion: Int = 8,
        producerName: String = "",
        producerVersion: String = "",
        operatorSets: [String: Int],
        graph: Graph,
        metadata: [String: String] = [:]
    ) {
        self.irVersion = irVersion
        self.producerName = producerName
        self.producerVersion = producerVersion
        self.operatorSets = operatorSets
        self.graph = graph
        self.metadata = metadata
    }
}

/// Nodes in execution order; values are known by name, and each name is defined once.
package struct Graph: Sendable, Hashable {
    package var name: String
    package var nodes: [Node]
    package var initializers: [Initializer]
    package var inputs: [ValueInfo]
    package var outputs: [ValueInfo]

    package init(
        name: String,
        nodes: [Node] = [],
        initializers: [Initializer] = [],
        inputs: [ValueInfo] = [],
        outputs: [ValueInfo] = []
    ) {
        self.name = name
        self.nodes = nodes
        self.initializers = initializers
        self.inputs = inputs
        self.outputs = outputs
    }
}
