package import ONNX
import Tensors
package import XIR

/// Turns an ONNX graph into XIR: one function `main` in primitive operations.
///
/// Shape arithmetic (`Shape`, then `Gather`, `Concat`, ... , then `Reshape`) is done here, symbolically: no operation of
/// XIR computes a shape. Named dimensions become symbols (see `DecoderInputs`); one called `a + b` becomes that sum.
package enum ONNXImporter {
    /// The module for `model`, with the model's metadata.
    ///
    /// Throws `FrontendError` naming the node, its operator and the reason.
    package static func module(from model: Model) throws(FrontendError) -> Module {
        let initializers = Set(model.graph.initializers.map(\.name))
        let inputs = model.graph.inputs.filter { !initializers.contains($0.name) }
        let decoder = DecoderInputs(inputs)
        do {
            return try module(from: model, inputs, decoder)
        } catch {
            // An exporter that traced one row wrote its number into the graph, whatever its inputs say.
            guard let single = decoder.withOneRow, let module = try? module(from: model, inputs, single) else {
                throw error
            }
            return module
        }
    }

    private static func module(from model: Model, _ inputs: [ValueInfo], _ decoder: DecoderInputs)
        throws(FrontendError) -> Module
    {
        var context = ImportContext()
        for input in inputs {
            guard let extents = decoder.extents[input.name] else {
                throw FrontendError(.invalid, "input '\(input.name)' has no shape; export the model with one")
            }
            let type = ValueType(input.elementType, extents)
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
        var results: [String: ValueID] = [:]
        for output in model.graph.outputs {
            // A node of no operator stands for the graph's own reading of its outputs.
            let reader = Node("output", [output.name], outputs: [], name: output.name)
            results[output.name] = try context.value(reader, 0)
        }
        let outputs = try DecoderOutputs(model.graph, types: results.mapValues { context.type($0) })
        for output in model.graph.outputs {
            guard let result = results[output.name] else { continue }
            context.builder.result(output.name == outputs.logitsName ? DecoderOutputs.logits : output.name, result)
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
