extension Graph {
    /// Checks that every name is defined once and before it is used, here and in the graphs inside.
    ///
    /// Throws a reason that names the node or value. Linear in the size of the graph.
    func checkNames(outer: Set<String> = []) throws(ONNXError) {
        func malformed(_ reason: String) -> ONNXError { ONNXError(.malformed, reason) }
        var defined = outer
        var initialized: Set<String> = []
        for initializer in initializers {
            guard initialized.insert(initializer.name).inserted else {
                throw malformed("two initializers are called '\(initializer.name)'")
            }
        }
        var given: Set<String> = []
        for input in inputs {
            guard !input.name.isEmpty, given.insert(input.name).inserted else {
                throw malformed("two inputs are called '\(input.name)', or one has no name")
            }
        }
        // An input may have an initializer as its default.
        defined.formUnion(initialized.union(given))
        let laterNames = Set(nodes.flatMap(\.outputs))
        for node in nodes {
            for input in node.inputs where !input.isEmpty && !defined.contains(input) {
                throw malformed(
                    laterNames.contains(input)
                        ? "\(node) uses '\(input)' before it is computed: the nodes are out of order or go round in a circle"
                        : "\(node) uses '\(input)', which nothing defines"
                )
            }
            for case .graph(let graph) in node.attributes.values { try graph.checkNames(outer: defined) }
            for output in node.outputs where !output.isEmpty {
                guard defined.insert(output).inserted else {
                    throw malformed("\(node) defines '\(output)' a second time")
                }
            }
        }
        for output in outputs where !defined.contains(output.name) {
            throw malformed("nothing defines the output '\(output.name)'")
        }
    }
}
