package import Tensors

extension ModelConfiguration {
    /// The names of one layer's tensors.
    package func layerPrefix(_ layer: Int) -> String { "model.layers.\(layer)." }

    /// Every tensor that the model needs, with its shape, in the order of computation.
    ///
    /// Linear weights are `[out, in]`.
    package var requiredTensors: [(name: String, shape: Shape)] {
        let queryWidth = headCount * headDim
        let keyWidth = keyValueHeadCount * headDim
        var tensors: [(name: String, shape: Shape)] = [("model.embed_tokens.weight", [vocabularySize, hiddenSize])]
        for layer in 0..<layerCount {
            let prefix = layerPrefix(layer)
            func linear(_ name: String, _ out: Int, _ width: Int, bias: Bool) {
                tensors.append(("\(prefix)\(name).weight", [out, width]))
                if bias { tensors.append(("\(prefix)\(name).bias", [out])) }
            }
            tensors.append(("\(prefix)input_layernorm.weight", [hiddenSize]))
            linear("self_attn.q_proj", queryWidth, hiddenSize, bias: hasQueryKeyValueBias)
            linear("self_attn.k_proj", keyWidth, hiddenSize, bias: hasQueryKeyValueBias)
            linear("self_attn.v_proj", keyWidth, hiddenSize, bias: hasQueryKeyValueBias)
            if hasQueryKeyNorm {
                tensors.append(("\(prefix)self_attn.q_norm.weight", [headDim]))
                tensors.append(("\(prefix)self_attn.k_norm.weight", [headDim]))
            }
            linear("self_attn.o_proj", hiddenSize, queryWidth, bias: hasAttentionOutputBias)
            tensors.append(("\(prefix)post_attention_layernorm.weight", [hiddenSize]))
            linear("mlp.gate_proj", intermediateSize, hiddenSize, bias: hasMLPBias)
            linear("mlp.up_proj", intermediateSize, hiddenSize, bias: hasMLPBias)
            linear("mlp.down_proj", hiddenSize, intermediateSize, bias: hasMLPBias)
        }
        tensors.append(("model.norm.weight", [hiddenSize]))
        if !tiesWordEmbeddings { tensors.append(("lm_head.weight", [vocabularySize, hiddenSize])) }
        return tensors
    }
}
