/// Tensors that the files hold and the model does not use, which is told: often `config.json` lacks what switches them on.
struct UnusedTensors {
    /// What older versions of the Python tools wrote, and nobody uses.
    private static let harmless = ["rotary_emb.inv_freq", "self_attn.bias", "self_attn.masked_bias"]

    let notice: String?

    init(_ configuration: ModelConfiguration, _ names: some Sequence<String>) {
        var used = Set(configuration.requiredTensors.map(\.name))
        // What is equal to the embedding.
        used.insert("lm_head.weight")
        let unused = names.filter { name in
            !used.contains(name) && !Self.harmless.contains { name.hasSuffix($0) }
        }.sorted()
        guard let first = unused.first else {
            notice = nil
            return
        }
        let others = unused.count > 1 ? " and \(unused.count - 1) more tensors" : ""
        notice =
            "the files hold '\(first)'\(others), which a \(configuration.family.rawValue) model with this config.json does not use"
    }
}

/// Tensors under other names than a checkpoint has them: the reason why one of these is missing.
struct MisnamedTensors {
    let reason: String?

    init(_ names: some Sequence<String>, missing: String) {
        var known: String?
        for name in names {
            let quantized = [".qweight", ".qzeros", ".g_idx", ".weight_packed", ".absmax", ".SCB"].contains {
                name.hasSuffix($0)
            }
            if quantized {
                reason =
                    "the files hold '\(name)': the weights are quantized already, and only bf16, f16 and f32 are read; take the original checkpoint, and --quantize int8 if memory is short"
                return
            }
            if name.contains(".lora_A.") || name.contains(".lora_B.") {
                reason =
                    "the files hold '\(name)': a LoRA adapter and not a whole model; merge it into its base model first (merge_and_unload of PEFT)"
                return
            }
            if name != missing, name.hasSuffix("." + missing) || missing.hasSuffix("." + name) {
                known = min(known ?? name, name)
            }
        }
        reason = known.map {
            "the tensor '\(missing)' is called '\($0)' in the files: they were saved by another class of models; save the model as transformers' ForCausalLM class writes it"
        }
    }
}
