import Foundation

/// The shape of a model whose speed can be measured, or predicted, without its weights: by name, or by the path of a
/// `config.json`.
package struct ModelShape: RawRepresentable, CaseIterable, Hashable, Sendable {
    /// Its name, or the path.
    package let rawValue: String
    /// The text of `config.json`.
    package let configuration: String

    package static let vibethinker = ModelShape(
        "vibethinker-1.5b",
        hidden: 1536,
        layers: 28,
        heads: 12,
        keyValueHeads: 2,
        intermediate: 8960,
        vocabulary: 151_936,
        context: 131_072
    )
    package static let small = ModelShape(
        "qwen2.5-0.5b",
        hidden: 896,
        layers: 24,
        heads: 14,
        keyValueHeads: 2,
        intermediate: 4864,
        vocabulary: 151_936,
        context: 32_768
    )
    /// Deep and narrow, with a small vocabulary.
    package static let narrow = ModelShape(
        "narrow-0.2b",
        hidden: 640,
        layers: 36,
        heads: 10,
        keyValueHeads: 2,
        intermediate: 2560,
        vocabulary: 32_000,
        context: 32_768
    )
    /// Small enough for tests.
    package static let tiny = ModelShape(
        "tiny",
        hidden: 64,
        layers: 2,
        heads: 4,
        keyValueHeads: 2,
        intermediate: 96,
        vocabulary: 512,
        context: 1024
    )

    package static let allCases = [vibethinker, small, narrow, tiny]

    /// A shape by its name, or of a `config.json` that can be read.
    package init?(rawValue: String) {
        if let shape = Self.allCases.first(where: { $0.rawValue == rawValue }) {
            self = shape
        } else if rawValue.hasSuffix(".json"), let text = try? String(contentsOfFile: rawValue, encoding: .utf8) {
            (self.rawValue, configuration) = (rawValue, text)
        } else {
            return nil
        }
    }

    private init(
        _ name: String,
        hidden: Int,
        layers: Int,
        heads: Int,
        keyValueHeads: Int,
        intermediate: Int,
        vocabulary: Int,
        context: Int
    ) {
        rawValue = name
        configuration = """
            {
              "architectures": ["Qwen2ForCausalLM"],
              "model_type": "qwen2",
              "hidden_size": \(hidden),
              "num_hidden_layers": \(layers),
              "num_attention_heads": \(heads),
              "num_key_value_heads": \(keyValueHeads),
              "intermediate_size": \(intermediate),
              "vocab_size": \(vocabulary),
              "max_position_embeddings": \(context),
              "hidden_act": "silu",
              "rms_norm_eps": 1e-06,
              "rope_theta": 1000000.0,
              "tie_word_embeddings": true,
              "eos_token_id": \(vocabulary - 1),
              "bos_token_id": \(vocabulary - 1),
              "torch_dtype": "bfloat16"
            }

            """
    }

    /// The folder of a checkpoint of this shape with random weights, which is made at the first use in `cache`.
    ///
    /// `making` hears of it before that, since it may take half a minute. Throws the system's error when the disk is full.
    package func checkpoint(in cache: String, making: (String) -> Void) throws -> String {
        let folder = "\(cache)/shapes/\(folderName)"
        let path = "\(folder)/config.json"
        if (try? String(contentsOfFile: path, encoding: .utf8)) == configuration { return folder }
        making(folder)
        try FileManager.default.createDirectory(atPath: "\(cache)/shapes", withIntermediateDirectories: true)
        try RandomCheckpoint.write(configuration: configuration, to: folder)
        return folder
    }

    private var folderName: String {
        guard rawValue.hasSuffix(".json") else { return rawValue }
        return rawValue.split(separator: "/").suffix(2).joined(separator: "-")
    }
}
