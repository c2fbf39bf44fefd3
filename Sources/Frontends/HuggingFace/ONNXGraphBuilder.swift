import ONNX
import Tensors

/// Appends nodes to an ONNX graph, naming values after the module that computes them.
struct ONNXGraphBuilder {
    private(set) var graph: Graph
    /// The module that is being written, such as `model.layers.0.mlp`; names start with it.
    var scope = ""
    private var useCounts: [String: Int] = [:]
    private var weights: Set<String> = []
    private var sharedConstants: [Tensor: String] = [:]

    init(_ name: String) {
        graph = Graph(name: name)
    }

    mutating func input(_ name: String, _ elementType: ElementType, _ dimensions: [ValueInfo.Dimension]) -> String {
        graph.inputs.append(ValueInfo(name, elementType, dimensions))
        return name
    }

    mutating func output(_ name: String, _ elementType: ElementType, _ dimensions: [ValueInfo.Dimension]) {
        graph.outputs.append(ValueInfo(name, elementType, dimensions))
    }

    /// A weight under its own name.
    mutating func weight(_ name: String, _ tensor: Tensor) -> String {
        if weights.insert(name).inserted { graph.initializers.append(Initializer(name, tensor)) }
        return name
    }

    /// A small constant; equal ones are shared.
    mutating func constant(_ tensor: Tensor) -> String {
        if let name = sharedConstants[tensor] { return name }
        let name = "constant.\(sharedConstants.count)"
        sharedConstants[tensor] = name
        graph.initializers.append(Initializer(name, tensor))
        return name
    }

    mutating func scalar(_ value: Float) -> String { constant(Tensor([value], [])) }

    mutating func scalar(_ value: Int) -> String { constant(Tensor([Int64(value)], [])) }

    mutating func list(_ values: [Int]) -> String { constant(Tensor(values.map { Int64($0) }, [values.count])) }

    /// Appends a node with one output and returns the output's name, which is `named` or made from scope and operator.
    mutating func node(
        _ operatorType: String,
        _ inputs: [String],
        _ attributes: [String: Attribute] = [:],
        named output: String? = nil
    ) -> String {
        let base = scope.isEmpty ? operatorType : "\(scope).\(operatorType)"
        let count = useCounts[base, default: 0]
        useCounts[base] = count + 1
        let name = count == 0 ? base : "\(base).\(count)"
        graph.nodes.append(
            Node(operatorType, inputs, outputs: [output ?? name], name: name, attributes: attributes)
        )
        return output ?? name
    }

    mutating func cast(_ value: String, to type: ElementType) -> String {
        node("Cast", [value], ["to": .integer(type.onnxNumber)])
    }

    mutating func transpose(_ value: String, _ permutation: [Int]) -> String {
        node("Transpose", [value], ["perm": .integers(permutation)])
    }

    mutating func reshape(_ value: String, _ shape: [Int]) -> String {
        node("Reshape", [value, list(shape)])
    }

    mutating func unsqueeze(_ value: String, _ axes: [Int]) -> String {
        node("Unsqueeze", [value, list(axes)])
    }

    mutating func slice(_ value: String, axis: Int, _ range: Range<Int>) -> String {
        node("Slice", [value, list([range.lowerBound]), list([range.upperBound]), list([axis])])
    }
}
