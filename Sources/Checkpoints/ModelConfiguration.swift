package import Tensors

/// What a decoder is made of, as `config.json` says.
package struct ModelConfiguration: Sendable, Hashable {
    /// Architectures that differ in which tensors they have; the values are `model_type`.
    package enum Family: String, Sendable, Hashable, CaseIterable {
        case qwen2, qwen3, llama
    }

    package var family: Family
    package var vocabularySize: Int
    package var hiddenSize: Int
    package var intermediateSize: Int
    package var layerCount: Int
    package var headCount: Int
    /// Heads of keys and values; each serves `headCount / keyValueHeadCount` query heads.
    package var keyValueHeadCount: Int
    package var headDim: Int
    package var rmsNormEpsilon: Double
    /// The most tokens that a sequence may have.
    package var contextLength: Int
    package var rotary: RotaryScaling
    /// Whether the logits are computed with the embedding table.
    package var tiesWordEmbeddings: Bool
    package var hasQueryKeyValueBias: Bool
    package var hasAttentionOutputBias: Bool
    package var hasMLPBias: Bool
    /// Whether each head of query and key is normalised before it is turned.
    package var hasQueryKeyNorm: Bool
    /// The element type that the configuration declares; the files may hold others.
    package var elementType: ElementType?
    package var bosTokenID: Int?
    /// Tokens after which text ends, as this file says; `GenerationConfiguration` may add some.
    package var eosTokenIDs: [Int]
}

extension ModelConfiguration {
    /// Reads and checks `config.json`.
    ///
    /// Throws `.malformed` for numbers that make no sense and `.unsupported` for a model of another kind, with the key
    /// that says so.
    package init(readingFile path: String) throws(CheckpointError) {
        try self.init(JSONObject(readingFile: path))
    }

    /// Reads and checks the text of a `config.json`; `file` is named in errors.
    package init(parsing text: String, file: String) throws(CheckpointError) {
        try self.init(JSONObject(parsing: text, file: file))
    }

    init(_ json: JSONObject) throws(CheckpointError) {
        guard let type = try json.string("model_type") else { throw json.malformed("model_type", "is missing") }
        try Self.checkQuantization(json)
        guard let family = Family(rawValue: type) else {
            let known = Family.allCases.map(\.rawValue).joined(separator: ", ")
            throw json.unsupported("model_type", "is '\(type)'; supported are \(known)")
        }
        self.family = family
        let size = 1...Int(Int32.max)
        vocabularySize = try json.requiredInteger("vocab_size", in: size)
        hiddenSize = try json.requiredInteger("hidden_size", in: size)
        intermediateSize = try json.requiredInteger("intermediate_size", in: size)
        layerCount = try json.requiredInteger("num_hidden_layers", in: 1...4096)
        headCount = try json.requiredInteger("num_attention_heads", in: 1...65536)
        keyValueHeadCount = try json.integer("num_key_value_heads", in: 1...65536) ?? headCount
        guard headCount.isMultiple(of: keyValueHeadCount) else {
            throw json.malformed("num_attention_heads", "should be a multiple of num_key_value_heads")
        }
        headDim = try Self.headDim(json, family, hiddenSize: hiddenSize, headCount: headCount)
        rmsNormEpsilon = try json.number("rms_norm_eps", in: 0...1) ?? 1e-6
        contextLength = try json.requiredInteger("max_position_embeddings", in: size)
        rotary = try RotaryScaling(json, contextLength: contextLength)
        tiesWordEmbeddings = try json.bool("tie_word_embeddings") ?? false
        let hasBias = family == .qwen2 ? false : try json.bool("attention_bias") ?? false
        hasQueryKeyValueBias = family == .qwen2 || hasBias
        hasAttentionOutputBias = hasBias
        hasMLPBias = family == .llama ? try json.bool("mlp_bias") ?? false : false
        hasQueryKeyNorm = family == .qwen3
        elementType = try Self.elementType(json)
        bosTokenID = try json.tokenIDs("bos_token_id").first
        eosTokenIDs = try json.tokenIDs("eos_token_id")
        try checkActivation(json)
        try checkSlidingWindow(json)
        try Self.checkArchitecture(json)
    }

    /// Refuses weights that somebody quantised, by the name of the method.
    private static func checkQuantization(_ json: JSONObject) throws(CheckpointError) {
        for key in ["quantization_config", "compression_config"] {
            guard let settings = try json.object(key) else { continue }
            var words: [String] = []
            if case .string(let method) = settings["quant_method"] { words.append(method.uppercased()) }
            if case .integer(let bits) = settings["bits"] { words.append("\(bits) bits") }
            if settings["load_in_4bit"] == .bool(true) || settings["_load_in_4bit"] == .bool(true) {
                words.append("4 bits")
            }
            if settings["load_in_8bit"] == .bool(true) || settings["_load_in_8bit"] == .bool(true) {
                words.append("8 bits")
            }
            let method = words.isEmpty ? "" : " (\(words.joined(separator: ", ")))"
            throw json.unsupported(
                key,
                "says that the weights are quantized\(method), and only bf16, f16 and f32 are read; take the original checkpoint, and --quantize int8 if memory is short"
            )
        }
    }

    /// Refuses models of the family that do not write text.
    private static func checkArchitecture(_ json: JSONObject) throws(CheckpointError) {
        guard let names = try json.strings("architectures"), let name = names.first,
            !names.contains(where: { $0.hasSuffix("ForCausalLM") || $0.hasSuffix("LMHeadModel") })
        else { return }
        throw json.unsupported(
            "architectures",
            "is '\(name)', which does not continue text; a model 'ForCausalLM' is needed"
        )
    }

    private static func headDim(_ json: JSONObject, _ family: Family, hiddenSize: Int, headCount: Int)
        throws(CheckpointError) -> Int
    {
        var headDim = try json.integer("head_dim", in: 2...65536)
        if headDim == nil, family == .qwen3 { headDim = 128 }
        guard headDim != nil || hiddenSize.isMultiple(of: headCount) else {
            throw json.malformed("hidden_size", "should be a multiple of num_attention_heads when there is no head_dim")
        }
        let result = headDim ?? hiddenSize / headCount
        guard result.isMultiple(of: 2), result <= 65536 else {
            throw json.malformed("head_dim", "is \(result), and should be even and at most 65536")
        }
        return result
    }

    private static func elementType(_ json: JSONObject) throws(CheckpointError) -> ElementType? {
        var dtype = try json.string("dtype")
        if dtype == nil { dtype = try json.string("torch_dtype") }
        switch dtype {
        case "float32": return .float32
        case "float16": return .float16
        case "bfloat16": return .bfloat16
        default: return nil
        }
    }

    private func checkActivation(_ json: JSONObject) throws(CheckpointError) {
        let activation = try json.string("hidden_act") ?? "silu"
        guard activation == "silu" else {
            throw json.unsupported("hidden_act", "is '\(activation)'; only silu is supported")
        }
    }

    /// Refuses models whose later tokens would not see the whole context.
    private func checkSlidingWindow(_ json: JSONObject) throws(CheckpointError) {
        guard family != .llama, try json.bool("use_sliding_window") ?? false,
            let window = try json.integer("sliding_window", in: 1...Int(Int32.max)), window < contextLength
        else { return }
        let slides: Bool
        if let types = try json.strings("layer_types") {
            slides = types.contains { $0 != "full_attention" }
        } else {
            slides = try json.integer("max_window_layers", in: 0...Int(Int32.max)) ?? 28 < layerCount
        }
        guard !slides else {
            throw json.unsupported(
                "use_sliding_window",
                "is true with a window of \(window), shorter than max_position_embeddings \(contextLength): sliding windows are not supported; lower max_position_embeddings to \(window) to use the model up to that length"
            )
        }
    }
}
