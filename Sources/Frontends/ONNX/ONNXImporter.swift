package import ONNX
import Tensors
package import XIR

/// Turns an ONNX graph into XIR: one function `main` in primitive operations.
///
/// Shape arithmetic (`Shape`, then `Gather`, `Concat`, ... , then `Reshape`) is done here, symbolically: no operation of
/// XIR computes a shape. Named dimensions become symbols; a dimension called `a + b` becomes that sum.
package enum ONNXImporter {
    /// The module for `model`, with the model's metadata.
    ///
    /// Throws `FrontendError` naming the node, its operator and the reason.
    package static func module(from model: Model) throws(FrontendError) -> Module {
        var context = ImportContext()
        var symbols = DimensionSymbols()
        for input in model.graph.inputs where !model.graph.initializers.contains(where: { $0.name == input.name }) {
            guard let dimensions = input.dimensions else {
                throw FrontendError(.invalid, "input '\(input.name)' has no shape; export the model with one")
            }
            let type = ValueType(input.elementType, dimensions.map { symbols.extent($0) })
            context.define(input.name, ImportedValue(context.builder.input(input.name, type)))
        }
        for initializer in model.graph.initializers {
            guard let tensor = initializer.tensor else {
                throw FrontendError(
                    .invalid,
                    "the values of initializer '\(initializer.name)' were not loaded"
                )
            }
            context.define(initializer.name, context.constant(initializer.name, tensor))
        }
        let opset = model.operatorSets[""] ?? model.operatorSets["ai.onnx"] ?? 0
        for node in model.graph.nodes {
            guard node.domain.isEmpty || node.domain == "ai.onnx", let rule = ImportRules.all[node.operatorType] else {
                let domain = node.domain.isEmpty ? "" : " of domain '\(node.domain)'"
                throw FrontendError.unsupportedNode(node, "the operator\(domain) is not known")
            }
            let results = try rule(node, &context, opset)
            for (name, result) in zip(node.outputs, results) where !name.isEmpty {
                guard !context.isDefined(name) else {
                    throw FrontendError.unsupportedNode(node, "'\(name)' is defined twice")
                }
                context.define(name, result)
            }
        }
        for output in model.graph.outputs {
            // A node of no operator stands for the graph's own reading of its outputs.
            let reader = Node("output", [output.name], outputs: [], name: output.name)
            context.builder.result(output.name, try context.value(reader, 0))
        }
        var function = context.builder.function
        function.renumber()
        var module = Module(functions: [function], constants: context.constants, metadata: model.metadata)
        module.removeUnusedConstants()
        do {
            try module.verify()
        } catch {
            throw FrontendError(.invalid, "the imported graph is not valid: \(error.message)", cause: error)
        }
        return module
    }
}

/// Extents for the dimensions of graph inputs.
private struct DimensionSymbols {
    private var anonymous = 0

    mutating func extent(_ dimension: ValueInfo.Dimension) -> Extent {
        switch dimension {
        case .fixed(let value): return Extent(value)
        case .named(let name):
            if let extent = Extent(parsing: name.filter { $0 != " " }) { return extent }
            let symbol = String(name.map { Extent.isSymbol(String($0)) || $0.isNumber ? $0 : "_" })
            return Extent(symbol: Extent.isSymbol(symbol) ? symbol : "_" + symbol)
        case .unknown:
            anonymous += 1
            return Extent(symbol: "unknown_\(anonymous)")
        }
    }
}
