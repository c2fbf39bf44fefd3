import Checkpoints
import ONNX
import Tensors

/// Writes a decoder out in standard operators, layer by layer.
///
/// Values are float32 whatever the weights are stored as: each weight stays as it is and goes through `Cast`, and a
/// linear weight, stored `[out, in]`, through `Transpose`. Shapes in comments: B batch, S new tokens, T all tokens.
struct DecoderGraph {
    private let checkpoint: Checkpoint
    private let configuration: ModelConfiguration
    private var builder = ONNXGraphBuilder("decoder")
    /// What the weights written so far are stored as.
    private var elementTypes: [String: ElementType] = [:]

    private static let total: ValueInfo.Dimension = "past_sequence_length + sequence_length"

    init(_ checkpoint: Checkpoint) {
        self.checkpoint = checkpoint
        configuration = checkpoint.configuration
    }

    /// The whole graph.
    static func graph(of checkpoint: Checkpoint) throws(FrontendError) -> Graph {
        var decoder = DecoderGraph(checkpoint)
        try decoder.write()
        return decoder.builder.graph
    }

    private mutating func write() throws(FrontendError) {
        let ids = builder.input("input_ids", .int64, ["batch_size", "sequence_length"])
        let attentionMask = builder.input("attention_mask", .int64, ["batch_size", Self.total])
        let positions = builder.input("position_ids", .int64, ["batch_size", "sequence_length"])
        let cacheShape: (ValueInfo.Dimension) -> [ValueInfo.Dimension] = { [configuration] length in
            ["batch_size", .fixed(configuration.keyValueHeadCount), length, .fixed(configuration.headDim)]
        }
        let past = (0..<configuration.layerCount).map { layer in
            ["key", "value"].map { kind in
                builder.input("past_key_values.\(layer).\(kind)", .float32, cacheShape("past_sequence_length"))
            }
        }
        let rotary = rotation(positions)
        let bias = maskBias(ids, attentionMask)
        builder.scope = "model.embed_tokens"
        let table = try stored("model.embed_tokens.weight")
        var hidden = float(builder.node("Gather", [table, ids], ["axis": .integer(0)]), like: table)
        for layer in 0..<configuration.layerCount {
            let prefix = "model.layers.\(layer)"
            let attended = try attention(
                try normalized(hidden, "\(prefix).input_layernorm"),
                prefix: "\(prefix).self_attn",
                past: past[layer],
                layer: layer,
                rotary: rotary,
                bias: bias
            )
            builder.scope = prefix
            hidden = builder.node("Add", [hidden, attended])
            let expanded = try mlp(
                try normalized(hidden, "\(prefix).post_attention_layernorm"),
                prefix: "\(prefix).mlp"
            )
            builder.scope = prefix
            hidden = builder.node("Add", [hidden, expanded])
        }
        hidden = try normalized(hidden, "model.norm")
        builder.scope = "lm_head"
        let head = configuration.tiesWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight"
        _ = builder.node("MatMul", [hidden, try transposedWeight(head)], named: "logits")
        builder.output("logits", .float32, ["batch_size", "sequence_length", .fixed(configuration.vocabularySize)])
        for layer in 0..<configuration.layerCount {
            for kind in ["key", "value"] {
                builder.output("present.\(layer).\(kind)", .float32, cacheShape(Self.total))
            }
        }
    }

    // MARK: Weights

    /// The weight as the checkpoint stores it.
    private mutating func stored(_ name: String) throws(FrontendError) -> String {
        if elementTypes[name] != nil { return name }
        do {
            let tensor = try checkpoint.tensor(named: name)
            elementTypes[name] = tensor.elementType
            return builder.weight(name, tensor)
        } catch {
            throw FrontendError(.checkpoint, error.message, cause: error)
        }
    }

    /// The value as float32, where `weight` says what it is stored as.
    private mutating func float(_ value: String, like weight: String) -> String {
        elementTypes[weight] == .float32 ? value : builder.cast(value, to: .float32)
    }

    private mutating func vector(_ name: String) throws(FrontendError) -> String {
        let weight = try stored(name)
        return float(weight, like: weight)
    }

    private mutating func transposedWeight(_ name: String) throws(FrontendError) -> String {
        builder.transpose(try vector(name), [1, 0])
    }

    /// x times the transposed weight, plus the bias if there is one.
    private mutating func linear(_ x: String, _ module: String, bias: Bool) throws(FrontendError) -> String {
        builder.scope = module
        let product = builder.node("MatMul", [x, try transposedWeight("\(module).weight")])
        return bias ? builder.node("Add", [product, try vector("\(module).bias")]) : product
    }

    // MARK: Modules

    /// x / sqrt(mean(x^2) + epsilon) * weight over the last axis.
    private mutating func normalized(_ x: String, _ module: String) throws(FrontendError) -> String {
        builder.scope = module
        let square = builder.node("Pow", [x, builder.scalar(Float(2))])
        let mean = builder.node("ReduceMean", [square], ["axes": .integers([-1]), "keepdims": .integer(1)])
        let shifted = builder.node("Add", [mean, builder.scalar(Float(configuration.rmsNormEpsilon))])
        let quotient = builder.node("Div", [x, builder.node("Sqrt", [shifted])])
        return builder.node("Mul", [quotient, try vector("\(module).weight")])
    }

    /// The gated linear unit: down(silu(gate(x)) * up(x)).
    private mutating func mlp(_ x: String, prefix: String) throws(FrontendError) -> String {
        let gate = try linear(x, "\(prefix).gate_proj", bias: configuration.hasMLPBias)
        let up = try linear(x, "\(prefix).up_proj", bias: configuration.hasMLPBias)
        builder.scope = prefix
        let activated = builder.node("Mul", [gate, builder.node("Sigmoid", [gate])])
        let product = builder.node("Mul", [activated, up])
        return try linear(product, "\(prefix).down_proj", bias: configuration.hasMLPBias)
    }

    /// The cosines and sines for each position, `[B, 1, S, headDim]`.
    private mutating func rotation(_ positions: String) -> (cosine: String, sine: String) {
        builder.scope = "model.rotary_emb"
        let scaling = configuration.rotary
        let frequencies = scaling.inverseFrequencies(headDim: configuration.headDim)
        let perPosition = builder.unsqueeze(builder.cast(positions, to: .float32), [-1])
        let half = builder.node("Mul", [perPosition, builder.constant(Tensor(frequencies, [frequencies.count]))])
        let angles = builder.unsqueeze(builder.node("Concat", [half, half], ["axis": .integer(-1)]), [1])
        let parts = ["Cos", "Sin"].map { function in
            let value = builder.node(function, [angles])
            let factor = Float(scaling.attentionFactor)
            return factor == 1 ? value : builder.node("Mul", [value, builder.scalar(factor)])
        }
        return (parts[0], parts[1])
    }

    /// 0 where a token may look and the lowest number where not, `[B, 1, S, T]`: not at later tokens, and not at those
    /// that the attention mask leaves out.
    private mutating func maskBias(_ ids: String, _ attentionMask: String) -> String {
        builder.scope = "model.mask"
        let axis: [String: Attribute] = ["axis": .integer(0)]
        let one = builder.scalar(1)
        let zero = builder.scalar(0)
        let length = builder.node("Gather", [builder.node("Shape", [ids]), one], axis)
        let total = builder.node("Gather", [builder.node("Shape", [attentionMask]), one], axis)
        let past = builder.node("Sub", [total, length])
        let rows = builder.unsqueeze(builder.node("Range", [past, total, one]), [1])
        let columns = builder.unsqueeze(builder.node("Range", [zero, total, one]), [0])
        let causal = builder.node("LessOrEqual", [columns, rows])
        let kept = builder.unsqueeze(builder.cast(attentionMask, to: .bool), [1, 2])
        let visible = builder.node("And", [causal, kept])
        return builder.node(
            "Where",
            [visible, builder.scalar(0 as Float), builder.scalar(-Float.greatestFiniteMagnitude)]
        )
    }

    private mutating func attention(
        _ x: String,
        prefix: String,
        past: [String],
        layer: Int,
        rotary: (cosine: String, sine: String),
        bias: String
    ) throws(FrontendError) -> String {
        let (queryHeads, keyHeads) = (configuration.headCount, configuration.keyValueHeadCount)
        var query = try heads(x, "\(prefix).q_proj", queryHeads, norm: "\(prefix).q_norm")
        var key = try heads(x, "\(prefix).k_proj", keyHeads, norm: "\(prefix).k_norm")
        var value = try heads(x, "\(prefix).v_proj", keyHeads, norm: nil)
        builder.scope = prefix
        query = turned(query, rotary)
        key = turned(key, rotary)
        key = builder.node("Concat", [past[0], key], ["axis": .integer(2)], named: "present.\(layer).key")
        value = builder.node("Concat", [past[1], value], ["axis": .integer(2)], named: "present.\(layer).value")
        let keys = builder.transpose(repeated(key), [0, 1, 3, 2])
        let scale = Float(1 / Double(configuration.headDim).squareRoot())
        let scores = builder.node("Mul", [builder.node("MatMul", [query, keys]), builder.scalar(scale)])
        let masked = builder.node("Add", [scores, bias])
        let weights = builder.node("Softmax", [masked], ["axis": .integer(-1)])
        let mixed = builder.transpose(builder.node("MatMul", [weights, repeated(value)]), [0, 2, 1, 3])
        let joined = builder.reshape(mixed, [0, 0, queryHeads * configuration.headDim])
        return try linear(joined, "\(prefix).o_proj", bias: configuration.hasAttentionOutputBias)
    }

    /// A projection of x split into heads, `[B, heads, S, headDim]`.
    private mutating func heads(_ x: String, _ module: String, _ count: Int, norm: String?)
        throws(FrontendError) -> String
    {
        let flat = try linear(x, module, bias: configuration.hasQueryKeyValueBias)
        var split = builder.reshape(flat, [0, 0, count, configuration.headDim])
        if let norm, configuration.hasQueryKeyNorm { split = try normalized(split, norm) }
        return builder.transpose(split, [0, 2, 1, 3])
    }

    /// x cos + rotate_half(x) sin, where rotate_half of the halves (a, b) of each head is (-b, a).
    private mutating func turned(_ x: String, _ rotary: (cosine: String, sine: String)) -> String {
        let half = configuration.headDim / 2
        let first = builder.slice(x, axis: 3, 0..<half)
        let second = builder.node("Neg", [builder.slice(x, axis: 3, half..<configuration.headDim)])
        let rotated = builder.node("Concat", [second, first], ["axis": .integer(-1)])
        return builder.node(
            "Add",
            [builder.node("Mul", [x, rotary.cosine]), builder.node("Mul", [rotated, rotary.sine])]
        )
    }

    /// Each key/value head as often as query heads share it, `[B, heads, T, headDim]`.
    private mutating func repeated(_ x: String) -> String {
        let group = configuration.headCount / configuration.keyValueHeadCount
        guard group > 1 else { return x }
        let expanded = builder.node("Expand", [builder.unsqueeze(x, [2]), builder.list([1, 1, group, 1, 1])])
        return builder.reshape(expanded, [0, configuration.headCount, -1, configuration.headDim])
    }
}
