#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What lies in a folder that should be a model and lacks its main files: the reason why it is none.
package struct ModelFolderContents {
    private let directory: String
    private let names: [String]

    package init(_ directory: String) {
        self.directory = directory
        names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }

    /// Why a folder with neither a configuration nor a graph is no model.
    package var missingConfiguration: String {
        if names.isEmpty { return "\(directory): is empty; a download that stopped? get the model again" }
        if let reason = otherForm { return "\(directory): \(reason)" }
        if let name = first(".safetensors") {
            return "\(directory): has weights ('\(name)') and no config.json; get config.json from where they come from"
        }
        return "\(directory): not a model: the folder has no config.json, model.onnx or program.json"
    }

    /// Why a folder with a configuration has no weights that are read.
    var missingWeights: String {
        if let reason = otherForm { return "\(directory): \(reason)" }
        let shards = names.filter { $0.hasPrefix("model-") && $0.hasSuffix(".safetensors") }
        if let shard = shards.first {
            return
                "\(directory): has '\(shard)', and no model.safetensors.index.json, which says what is in which file; download it too"
        }
        if let name = first(".safetensors") {
            return
                "\(directory): has '\(name)', but neither model.safetensors nor model.safetensors.index.json; save the model as transformers does"
        }
        return
            "\(directory): has a configuration and no weights: neither model.safetensors nor model.safetensors.index.json; download the model again"
    }

    /// What to say of a folder without a tokenizer that is read.
    package var missingTokenizer: String {
        let other = names.first {
            ["tokenizer.model", "spiece.model", "tekken.json"].contains($0) || $0.hasSuffix(".tiktoken")
        }
        guard let other else { return "\(directory): has no tokenizer (tokenizer.json, or vocab.json with merges.txt)" }
        return
            "\(directory): has no tokenizer.json, and '\(other)' is in a form that is not read; transformers writes tokenizer.json: AutoTokenizer.from_pretrained(...).save_pretrained(...)"
    }

    /// Weights in a form that is not read.
    private var otherForm: String? {
        if names.contains("adapter_config.json") {
            return
                "is a LoRA adapter and not a whole model (adapter_config.json); merge it into its base model first (merge_and_unload of PEFT)"
        }
        if let name = first(".gguf") { return "'\(name)': \(Self.gguf)" }
        if let name = first(".bin", ".pt", ".pth", ".ckpt", ".pkl", where: { $0 != "training_args.bin" }) {
            return
                "'\(name)': \(Self.pickle)"
        }
        if let name = first(".h5", ".msgpack", ".pb", ".tflite", ".mlpackage", ".ot") {
            return "'\(name)' is of another framework; only safetensors and ONNX are read"
        }
        if names.contains("params.json"), let name = first("consolidated.safetensors") {
            return "'\(name)' has the layout of its authors' own program; get the model in Hugging Face's layout"
        }
        if names.contains("model_index.json") {
            return "is a model of the diffusers library, which is no language model"
        }
        return nil
    }

    package static let gguf =
        "GGUF files are not supported yet; give the checkpoint that it was made from (safetensors)"
    package static let pickle =
        "is a pickle of PyTorch, which may run a program when it is read, so it is not; convert it to safetensors (save_pretrained of transformers does)"

    private func first(_ endings: String..., where isMeant: (String) -> Bool = { _ in true }) -> String? {
        names.first { name in endings.contains { name.hasSuffix($0) } && isMeant(name) }
    }
}
