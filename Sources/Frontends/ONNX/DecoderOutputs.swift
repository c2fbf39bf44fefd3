import ONNX
import Tensors
import XIR

/// Which of a decoder's outputs the logits are, whatever the exporter calls them.
struct DecoderOutputs {
    /// What XIR calls it.
    static let logits = "logits"

    /// The name of the graph's output; nil for a graph that is no decoder.
    let logitsName: String?

    /// `types` are those that the outputs were imported with.
    ///
    /// The output is the one called `logits`, or else the only one of floating-point numbers with an axis for the batch, one
    /// for the tokens and one of a fixed length, whose name is not that of hidden states; among several of them the only one
    /// that a product makes, or whose length is the vocabulary's. Throws `.invalid` where that leaves none or several.
    init(_ graph: Graph, types: [String: ValueType]) throws(FrontendError) {
        guard graph.inputs.contains(where: { $0.name == "input_ids" }) else {
            logitsName = nil
            return
        }
        let names = graph.outputs.map(\.name)
        guard !names.contains(Self.logits) else {
            logitsName = Self.logits
            return
        }
        var candidates: [(name: String, width: Int)] = []
        for name in names {
            guard let type = types[name], type.elementType.isFloatingPoint, type.rank == 3,
                let width = type.extents[2].fixed
            else { continue }
            candidates.append((name, width))
        }
        let makers = Dictionary(graph.nodes.flatMap { node in node.outputs.map { ($0, node) } }) { first, _ in first }
        let vocabularies = Set(Self.tableRows(graph))
        func narrow(_ isMeant: ((name: String, width: Int)) -> Bool) {
            let left = candidates.filter(isMeant)
            if !left.isEmpty { candidates = left }
        }
        narrow { vocabularies.contains($0.width) }
        narrow { !$0.name.lowercased().contains("hidden") }
        narrow { $0.name.lowercased().contains("logit") }
        narrow { Self.isProduct($0.name, makers) }
        guard candidates.count == 1 else {
            let list = names.prefix(8).map { "'\($0)'" }.joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
            let reason =
                candidates.isEmpty
                ? "no output has the form of logits, [batch, sequence, vocabulary]"
                : "\(candidates.map { "'\($0.name)'" }.joined(separator: " and ")) may both be the logits"
            throw FrontendError(.invalid, "\(reason); call the output 'logits' (the outputs are \(list))")
        }
        logitsName = candidates[0].name
    }

    /// Lengths that a vocabulary may have: rows of the tables that tokens are looked up in.
    private static func tableRows(_ graph: Graph) -> [Int] {
        let shapes = Dictionary(graph.initializers.map { ($0.name, $0.type.shape) }) { first, _ in first }
        return graph.nodes.compactMap { node in
            guard node.operatorType == "Gather", let table = node.inputs.first, let shape = shapes[table],
                shape.rank == 2
            else { return nil }
            return shape[0]
        }
    }

    /// Whether a product makes a value, changes of type and form aside.
    private static func isProduct(_ name: String, _ makers: [String: Node]) -> Bool {
        var name = name
        for _ in 0..<8 {
            guard let node = makers[name] else { return false }
            if ["MatMul", "Gemm"].contains(node.operatorType) { return true }
            guard ["Cast", "Reshape", "Identity", "Add", "Mul", "Div"].contains(node.operatorType),
                let input = node.inputs.first
            else { return false }
            name = input
        }
        return false
    }
}
