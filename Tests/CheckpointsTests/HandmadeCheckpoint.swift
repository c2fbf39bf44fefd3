import Foundation
import Tensors

/// A checkpoint folder of a tiny model with every part in the test's hands, removed at the end.
final class HandmadeCheckpoint {
    struct Entry {
        var dtype = "F32"
        var shape: [Int]
        /// Nil takes the place after the tensor before it.
        var offsets: [Int]?
    }

    let directory: String
    var configuration: [String: Any] = [
        "model_type": "qwen2", "vocab_size": 7, "hidden_size": 4, "intermediate_size": 6, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 32, "rms_norm_eps": 1e-6,
        "rope_theta": 10000, "tie_word_embeddings": true, "torch_dtype": "float32", "eos_token_id": 3,
    ]
    var tensors: [(name: String, entry: Entry)] = []

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("checkpoint-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        func add(_ name: String, _ shape: Int...) { tensors.append((name, Entry(shape: shape))) }
        add("model.embed_tokens.weight", 7, 4)
        for layer in 0..<2 {
            let prefix = "model.layers.\(layer)."
            add(prefix + "input_layernorm.weight", 4)
            for (name, width) in [("q_proj", 4), ("k_proj", 2), ("v_proj", 2)] {
                add(prefix + "self_attn.\(name).weight", width, 4)
                add(prefix + "self_attn.\(name).bias", width)
            }
            add(prefix + "self_attn.o_proj.weight", 4, 4)
            add(prefix + "post_attention_layernorm.weight", 4)
            add(prefix + "mlp.gate_proj.weight", 6, 4)
            add(prefix + "mlp.up_proj.weight", 6, 4)
            add(prefix + "mlp.down_proj.weight", 4, 6)
        }
        add("model.norm.weight", 4)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func change(_ name: String, _ change: (inout Entry) -> Void) {
        for index in tensors.indices where tensors[index].name == name { change(&tensors[index].entry) }
    }

    func remove(_ name: String) { tensors.removeAll { $0.name == name } }

    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws {
        // Atomic: a file that is mapped stays as it was.
        try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/\(name)"), options: .atomic)
    }

    func write(_ name: String, json: Any) throws {
        try write(name, JSONSerialization.data(withJSONObject: json))
    }

    /// Writes both files; the tensors' bytes count up.
    func write() throws {
        try write("config.json", json: configuration)
        try write("model.safetensors", safetensors())
    }

    func safetensors(_ chosen: [(name: String, entry: Entry)]? = nil, padding: Int = 0) throws -> Data {
        var header: [String: Any] = ["__metadata__": ["format": "pt"]]
        var end = 0
        for (name, entry) in chosen ?? tensors {
            let width = ["F32": 4, "F16": 2, "BF16": 2, "F64": 8, "I64": 8][entry.dtype] ?? 1
            let offsets = entry.offsets ?? [end, end + entry.shape.reduce(width, *)]
            header[name] = ["dtype": entry.dtype, "shape": entry.shape, "data_offsets": offsets]
            if entry.offsets == nil { end = offsets[1] }
        }
        var text = try JSONSerialization.data(withJSONObject: header)
        while (text.count + 8) % 8 != 0 { text.append(0x20) }
        text.append(contentsOf: [UInt8](repeating: 0x20, count: padding))
        var data = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
        data.append(text)
        data.append(contentsOf: (0..<end).map { UInt8(truncatingIfNeeded: $0) })
        return data
    }
}
