import Checkpoints
import Foundation
import KongurTesting
import Testing

/// Frequencies of the methods and their options against transformers' own functions.
@Suite(.enabled(if: TinyCheckpoints.areAvailable)) struct RotaryScalingTests {
    static let cases: [String] = [
        #"{"rope_type": "default", "rope_theta": 10000.0}"#,
        #"{"rope_type": "linear", "rope_theta": 300000.0, "factor": 3.5}"#,
        #"{"rope_type": "llama3", "rope_theta": 500000.0, "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}"#,
        #"{"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 4.0, "original_max_position_embeddings": 32768}"#,
        #"{"rope_type": "yarn", "rope_theta": 10000.0, "factor": 8.0}"#,
        #"{"rope_type": "yarn", "rope_theta": 10000.0, "factor": 40.0, "beta_fast": 16, "beta_slow": 2, "mscale": 0.707, "mscale_all_dim": 1.2, "original_max_position_embeddings": 4096}"#,
        #"{"rope_type": "yarn", "rope_theta": 150000.0, "factor": 32.0, "truncate": false, "original_max_position_embeddings": 4096}"#,
        #"{"rope_type": "yarn", "rope_theta": 150000.0, "factor": 2.0, "attention_factor": 0.9, "original_max_position_embeddings": 4096}"#,
    ]

    static let script = """
        from json import dumps, loads
        from sys import argv
        from transformers import Qwen2Config
        from transformers.models.qwen2.modeling_qwen2 import Qwen2RotaryEmbedding
        out = []
        for parameters in loads(argv[1]):
            config = Qwen2Config(hidden_size=12 * 128, num_attention_heads=12, max_position_embeddings=131072,
                                 rope_parameters=parameters)
            rotary = Qwen2RotaryEmbedding(config)
            out.append({"inverse_frequencies": rotary.inv_freq.double().tolist(),
                        "attention_factor": float(rotary.attention_scaling)})
        print("\\n" + dumps(out))
        """

    @Test func agreesWithTransformers() throws {
        let output = try TinyCheckpoints.runPython(["-c", Self.script, "[\(Self.cases.joined(separator: ","))]"])
        let last = try #require(output.split(separator: "\n").last)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let all = try decoder.decode([TinyCheckpoints.Expected.Rotary].self, from: Data(last.utf8))
        try #require(all.count == Self.cases.count)
        for (text, expected) in zip(Self.cases, all) {
            let folder = try HandmadeCheckpoint()
            folder.configuration["rope_theta"] = nil
            folder.configuration["max_position_embeddings"] = 131072
            folder.configuration["rope_parameters"] = try JSONSerialization.jsonObject(with: Data(text.utf8))
            try folder.write("config.json", json: folder.configuration)
            let rotary = try ModelConfiguration(readingFile: "\(folder.directory)/config.json").rotary
            #expect(abs(rotary.attentionFactor - expected.attentionFactor) < 1e-12, "\(text)")
            for (ours, theirs) in zip(rotary.inverseFrequencies(headDim: 128), expected.inverseFrequencies) {
                #expect(abs(ours - theirs) <= 3e-7 * abs(theirs), "\(text)")
            }
        }
    }
}
