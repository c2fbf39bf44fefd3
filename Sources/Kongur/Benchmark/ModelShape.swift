import Foundation

/// Shapes of models whose speed can be measured without their weights.
package enum ModelShape: String, CaseIterable, Sendable {
    case vibethinker = "vibethinker-1.5b"
    /// Small enough for tests.
    case tiny

    /// The text of `config.json`.
    package var configuration: String {
        switch self {
        case .vibethinker:
            Self.qwen2(
                hidden: 1536,
                layers: 28,
                heads: 12,
                keyValueHeads: 2,
                intermediate: 8960,
                vocabulary: 151_936,
                context: 131_072
            )
        case .tiny:
            Self.qwen2(
                hidden: 64,
                layers: 2,
                heads: 4,
                keyValueHeads: 2,
                intermediate: 96,
                vocabulary: 512,
                context: 1024
            )
        }
    }

    /// The folder of a checkpoint of this shape with random weights, which is made at the first use in `cache`.
    ///
    /// `making` hears of it before that, since it may take half a minute. Throws the system's error when the disk is full.
    package func checkpoint(in cache: String, making: (String) -> Void) throws -> String {
        let folder = "\(cache)/shapes/\(rawValue)"
        let path = "\(folder)/config.json"
        if (try? String(contentsOfFile: path, encoding: .utf8)) == configuration { return folder }
        making(folder)
        try FileManager.default.createDirectory(atPath: "\(cache)/shapes", withIntermediateDirectories: true)
        try RandomCheckpoint.write(configuration: configuration, to: folder)
        return folder
    }

    private static func qwen2(
        hidden: Int,
        layers: Int,
        heads: Int,
        keyValueHeads: Int,
        intermediate: Int,
        vocabulary: Int,
        context: Int
    ) -> String {
        """
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
}
