import Tensors
import XIR

/// A small decoder in primitive operations, as an exporter writes it: the graph that the passes must recognise.
struct DenseDecoder {
    var layers = 2
    var heads = 3
    var kvHeads = 1
    var headDim = 8
    var intermediate = 20
    var vocabulary = 13
    var hasBias = true
    var hasHeadNorms = false
    var weightType = ElementType.float32

    private var hidden: Int { heads * headDim }

    private final class State {
        var builder = FunctionBuilder("main")
        var constants: [String: Constant] = [:]
        var seed: UInt64 = 7
    }

    private let state = State()

    func module() throws -> Module {
        state.builder = FunctionBuilder("main")
        let batch: Extent = "batch"
        let sequence: Extent = "sequence"
        let past: Extent = "past"
        let ids = state.builder.input("input_ids", ValueType(.int64, [batch, sequence]))
        let mask = state.builder.input("attention_mask", ValueType(.int64, [batch, past + sequence]))
        let positions = state.builder.input("position_ids", ValueType(.int64, [batch, sequence]))
        var pasts: [(ValueID, ValueID)] = []
        for layer in 0..<layers {
            let type = ValueType(.float32, [batch, Extent(kvHeads), past, Extent(headDim)])
            pasts.append(
                (
                    state.builder.input("past_key_values.\(layer).key", type),
                    state.builder.input("past_key_values.\(layer).value", type)
                )
            )
        }
        let rows = try value("gather", [weight("embed", [vocabulary, hidden]), ids], ["axis": .integer(0)])
        var x = try value("cast", [rows], ["to": .elementType(.float32)])
        let (cosine, sine) = try rotation(positions)
        let bias = try additiveMask(mask, past: past, sequence: sequence)
        for layer in 0..<layers {
            let normed = try norm(x, "l\(layer).norm1", hidden)
            var query = try heads(linear(normed, "l\(layer).q", hidden, hidden, bias: hasBias), heads)
            var key = try heads(linear(normed, "l\(layer).k", hidden, kvHeads * headDim, bias: hasBias), kvHeads)
            let fresh = try heads(linear(normed, "l\(layer).v", hidden, kvHeads * headDim, bias: hasBias), kvHeads)
            if hasHeadNorms {
                query = try norm(query, "l\(layer).qnorm", headDim)
                key = try norm(key, "l\(layer).knorm", headDim)
            }
            query = try rotate(transposed(query), cosine, sine)
            key = try value("concat", [pasts[layer].0, rotate(transposed(key), cosine, sine)], ["axis": .integer(2)])
            let values = try value("concat", [pasts[layer].1, transposed(fresh)], ["axis": .integer(2)])
            state.builder.result("present.\(layer).key", key)
            state.builder.result("present.\(layer).value", values)
            let attended = try attention(query, repeated(key), repeated(values), bias)
            let joined = try value(
                "reshape",
                [transposed(attended)],
                ["shape": .extents([batch, sequence, Extent(hidden)])]
            )
            x = try value("add", [x, linear(joined, "l\(layer).o", hidden, hidden, bias: false)])
            let second = try norm(x, "l\(layer).norm2", hidden)
            let gate = try linear(second, "l\(layer).gate", hidden, intermediate, bias: false)
            let up = try linear(second, "l\(layer).up", hidden, intermediate, bias: false)
            let activated = try value("mul", [gate, value("sigmoid", [gate])])
            x = try value(
                "add",
                [x, linear(value("mul", [activated, up]), "l\(layer).down", intermediate, hidden, bias: false)]
            )
        }
        let logits = try linear(norm(x, "norm", hidden), "embed", hidden, vocabulary, bias: false)
        state.builder.result("logits", logits)
        var function = state.builder.function
        function.renumber()
        return Module(functions: [function], constants: state.constants)
    }

    private func value(_ name: String, _ operands: [ValueID], _ attributes: [String: Attribute] = [:]) throws -> ValueID
    {
        try state.builder.value(name, operands, attributes)
    }

    private func weight(_ name: String, _ shape: Shape) -> ValueID {
        if state.constants[name] == nil {
            let values = (0..<shape.elementCount).map { _ -> Float in
                state.seed = state.seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return (Float(state.seed >> 40) / Float(1 << 24) - 0.5) * 0.7
            }
            state.constants[name] = .tensor(Self.tensor(values, shape, weightType))
        }
        return state.builder.constant(name, TensorType(weightType, shape))
    }

    private static func tensor(_ values: [Float], _ shape: Shape, _ elementType: ElementType) -> Tensor {
        guard elementType == .bfloat16 else { return Tensor(values, shape) }
        var tensor = MutableTensor(TensorType(.bfloat16, shape))
        tensor.withMutableElements(of: UInt16.self) { elements in
            for (index, value) in values.enumerated() { elements[index] = BFloat16(value).bitPattern }
        }
        return tensor.freeze()
    }

    private func scalar(_ number: Float) -> ValueID {
        let name = "scalar.\(number)"
        state.constants[name] = .tensor(Tensor([number], []))
        return state.builder.constant(name, TensorType(.float32, []))
    }

    private func linear(_ x: ValueID, _ name: String, _ from: Int, _ to: Int, bias: Bool) throws -> ValueID {
        let cast = try value("cast", [weight(name, [to, from])], ["to": .elementType(.float32)])
        let product = try value("matmul", [x, value("transpose", [cast], ["permutation": .integers([1, 0])])])
        guard bias else { return product }
        return try value(
            "add",
            [product, value("cast", [weight("\(name).bias", [to])], ["to": .elementType(.float32)])]
        )
    }

    private func norm(_ x: ValueID, _ name: String, _ width: Int) throws -> ValueID {
        let square = try value("pow", [x, scalar(2)])
        let mean = try value("reduce_mean", [square], ["axes": .integers([-1]), "keep": .bool(true)])
        let root = try value("sqrt", [value("add", [mean, scalar(1e-6)])])
        let weights = try value("cast", [weight(name, [width])], ["to": .elementType(.float32)])
        return try value("mul", [weights, value("div", [x, root])])
    }

    private func heads(_ x: ValueID, _ count: Int) throws -> ValueID {
        let leading = Array(state.builder.function.type(x).extents.prefix(2))
        return try value("reshape", [x], ["shape": .extents(leading + [Extent(count), Extent(headDim)])])
    }

    private func transposed(_ x: ValueID) throws -> ValueID {
        try value("transpose", [x], ["permutation": .integers([0, 2, 1, 3])])
    }

    private func repeated(_ x: ValueID) throws -> ValueID {
        let extents = state.builder.function.type(x).extents
        let (group, head) = (Extent(heads / kvHeads), extents[1])
        let single = try value("reshape", [x], ["shape": .extents([extents[0], head, 1, extents[2], extents[3]])])
        let shape = [extents[0], head, group, extents[2], extents[3]]
        let many = try value("broadcast_to", [single], ["shape": .extents(shape)])
        return try value("reshape", [many], ["shape": .extents([extents[0], Extent(heads), extents[2], extents[3]])])
    }

    private func rotation(_ positions: ValueID) throws -> (ValueID, ValueID) {
        let frequencies = (0..<headDim / 2).map { Float(1) / (1 + 3 * Float($0)) }
        state.constants["frequencies"] = .tensor(Tensor(frequencies, [1, 1, headDim / 2]))
        let constant = state.builder.constant("frequencies", TensorType(.float32, [1, 1, headDim / 2]))
        let extents = state.builder.function.type(positions).extents
        let column = try value("reshape", [positions], ["shape": .extents(extents + [1])])
        let angles = try value("mul", [value("cast", [column], ["to": .elementType(.float32)]), constant])
        let both = try value("concat", [angles, angles], ["axis": .integer(2)])
        let shape: [String: Attribute] = ["shape": .extents([extents[0], 1, extents[1], Extent(headDim)])]
        return (
            try value("reshape", [value("mul", [value("cos", [both]), scalar(1.25)])], shape),
            try value("reshape", [value("mul", [value("sin", [both]), scalar(1.25)])], shape)
        )
    }

    private func rotate(_ x: ValueID, _ cosine: ValueID, _ sine: ValueID) throws -> ValueID {
        let (half, whole) = (Extent(headDim / 2), Extent(headDim))
        let lower = try value("slice", [x], ["axis": .integer(3), "start": .extents([0]), "end": .extents([half])])
        let upper = try value("slice", [x], ["axis": .integer(3), "start": .extents([half]), "end": .extents([whole])])
        let turned = try value("concat", [value("neg", [upper]), lower], ["axis": .integer(3)])
        return try value("add", [value("mul", [x, cosine]), value("mul", [turned, sine])])
    }

    private func additiveMask(_ mask: ValueID, past: Extent, sequence: Extent) throws -> ValueID {
        let batch = state.builder.function.type(mask).extents[0]
        let total = past + sequence
        let rows = try value(
            "add",
            [value("iota", [], ["length": .extents([sequence])]), value("extent", [], ["value": .extents([past])])]
        )
        let queries = try value("reshape", [rows], ["shape": .extents([1, 1, sequence, 1])])
        let columns = try value("iota", [], ["length": .extents([total])])
        let keys = try value("reshape", [columns], ["shape": .extents([1, 1, 1, total])])
        state.constants["zero"] = .tensor(Tensor([0] as [Int64], []))
        let zero = state.builder.constant("zero", TensorType(.int64, []))
        let padding = try value("reshape", [mask], ["shape": .extents([batch, 1, 1, total])])
        let allowed = try value("and", [value("less_equal", [keys, queries]), value("greater", [padding, zero])])
        return try value("where", [allowed, scalar(0), scalar(-3.0e38)])
    }

    private func attention(_ query: ValueID, _ key: ValueID, _ values: ValueID, _ bias: ValueID) throws -> ValueID {
        let transposed = try value("transpose", [key], ["permutation": .integers([0, 1, 3, 2])])
        let scores = try value("mul", [value("matmul", [query, transposed]), scalar(0.353)])
        let weights = try value("softmax", [value("add", [scores, bias])], ["axis": .integer(3)])
        return try value("matmul", [weights, values])
    }
}
