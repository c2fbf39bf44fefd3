package import Checkpoints
package import ONNX

/// Turns a checkpoint into an ONNX model: a decoder with keys and values of earlier tokens as inputs and outputs.
///
/// Inputs and outputs have the names that Optimum gives them:
///
///     input_ids, position_ids      int64   [batch_size, sequence_length]
///     attention_mask               int64   [batch_size, past_sequence_length + sequence_length]
///     past_key_values.N.key/value  float32 [batch_size, kv_heads, past_sequence_length, head_dim]
///     logits                       float32 [batch_size, sequence_length, vocabulary]
///     present.N.key/value          float32 [batch_size, kv_heads, past_sequence_length + sequence_length, head_dim]
///
/// Only standard operators are used, of operator set 17.
package enum CheckpointExporter {
    package static let operatorSetVersion = 17

    /// Exports a checkpoint.
    ///
    /// Weights stay as they are stored, views of the mapped checkpoint, so this takes time and memory in the number of
    /// layers and not in their size. `metadata` of the model holds what the graph does not: `family`,
    /// `context_length`, `stop_token_ids` (with commas), `bos_token_id`, `configuration_hash`, and what the authors
    /// suggest for sampling as `do_sample`, `temperature`, `top_k`, `top_p`, `repetition_penalty` and
    /// `max_new_tokens`.
    package static func export(_ checkpoint: Checkpoint) throws(FrontendError) -> Model {
        Model(
            producerName: "kongur",
            operatorSets: ["": operatorSetVersion],
            graph: try DecoderGraph.graph(of: checkpoint),
            metadata: metadata(of: checkpoint)
        )
    }

    private static func metadata(of checkpoint: Checkpoint) -> [String: String] {
        let facts: [String: String?] = [
            "family": checkpoint.configuration.family.rawValue,
            "context_length": String(checkpoint.configuration.contextLength),
            "bos_token_id": checkpoint.configuration.bosTokenID.map { String($0) },
            "configuration_hash": checkpoint.configurationHash,
        ]
        return facts.compactMapValues { $0 }.merging(metadata(of: checkpoint.generation)) { first, _ in first }
    }

    /// The part of the metadata that says how to sample and where to stop.
    package static func metadata(of generation: GenerationConfiguration) -> [String: String] {
        let facts: [String: String?] = [
            "stop_token_ids": generation.stopTokenIDs.map(String.init).joined(separator: ","),
            "do_sample": generation.samples.map { String($0) },
            "temperature": generation.temperature.map { String($0) },
            "top_k": generation.topK.map { String($0) },
            "top_p": generation.topP.map { String($0) },
            "repetition_penalty": generation.repetitionPenalty.map { String($0) },
            "max_new_tokens": generation.maxNewTokens.map { String($0) },
        ]
        return facts.compactMapValues { $0 }
    }
}
