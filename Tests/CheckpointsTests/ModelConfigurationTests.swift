import Checkpoints
import Foundation
import Testing

@Suite struct ModelConfigurationTests {
    private func read(_ changes: [String: Any]) throws -> ModelConfiguration {
        let folder = try HandmadeCheckpoint()
        try folder.write("config.json", json: folder.configuration.merging(changes) { $1 })
        return try ModelConfiguration(readingFile: "\(folder.directory)/config.json")
    }

    private func read(text: String) throws -> ModelConfiguration {
        let folder = try HandmadeCheckpoint()
        try folder.write("config.json", text.utf8)
        return try ModelConfiguration(readingFile: "\(folder.directory)/config.json")
    }

    private func expectRefusal(_ key: String, _ code: CheckpointError.Code, _ changes: [String: Any]) {
        let error = #expect(throws: CheckpointError.self) { try read(changes) }
        #expect(error?.code == code, "\(error?.message ?? "")")
        #expect(error?.message.contains("config.json: '\(key)'") == true, "\(error?.message ?? "")")
    }

    @Test func readsOldAndNewKeysAlike() throws {
        let old = try read(["rope_theta": 5e5, "rope_scaling": ["type": "linear", "factor": 2]])
        let parameters: [String: Any] = ["rope_type": "linear", "factor": 2.0, "rope_theta": 500_000]
        let new = try read(["rope_parameters": parameters, "dtype": "float32"])
        #expect(old == new)
        #expect(old.rotary == RotaryScaling(theta: 500_000, method: .linear(factor: 2)))
    }

    @Test func familiesDifferInBiasesAndNorms() throws {
        let qwen3 = try read(["model_type": "qwen3"])
        #expect(qwen3.headDim == 128 && qwen3.hasQueryKeyNorm && !qwen3.hasQueryKeyValueBias)
        #expect(try read(["model_type": "qwen3", "attention_bias": true]).hasAttentionOutputBias)
        let llama = try read(["model_type": "llama", "mlp_bias": true])
        #expect(llama.hasMLPBias && !llama.hasQueryKeyValueBias && !llama.hasQueryKeyNorm)
        #expect(try read(["attention_bias": true]).hasAttentionOutputBias == false)
    }

    @Test func refusesWhatItCannotHonour() {
        expectRefusal("model_type", .unsupported, ["model_type": "mamba"])
        expectRefusal("hidden_act", .unsupported, ["hidden_act": "gelu"])
        expectRefusal("rope_scaling.rope_type", .unsupported, ["rope_scaling": ["rope_type": "dynamic", "factor": 2]])
        expectRefusal("rope_scaling.full_attention", .unsupported, ["rope_scaling": ["full_attention": ["factor": 2]]])
        expectRefusal("partial_rotary_factor", .unsupported, ["partial_rotary_factor": 0.5])
    }

    @Test func refusesASlidingWindowOnlyWhereItWouldMatter() throws {
        let window: [String: Any] = ["sliding_window": 16, "max_window_layers": 1]
        #expect(try read(window.merging(["use_sliding_window": false]) { $1 }).contextLength == 32)
        #expect(
            try read(["use_sliding_window": true, "sliding_window": 32, "max_window_layers": 0]).contextLength == 32
        )
        #expect(
            try read(["use_sliding_window": true, "sliding_window": 16, "max_window_layers": 2]).contextLength == 32
        )
        expectRefusal("use_sliding_window", .unsupported, window.merging(["use_sliding_window": true]) { $1 })
        expectRefusal(
            "use_sliding_window",
            .unsupported,
            ["use_sliding_window": true, "sliding_window": 16, "layer_types": ["full_attention", "sliding_attention"]]
        )
    }

    @Test func refusesNumbersThatMakeNoSense() {
        for value in [0, -1, 1.5, 1e30, "4", [4], NSNull()] as [Any] {
            expectRefusal("hidden_size", .malformed, ["hidden_size": value])
        }
        expectRefusal("num_hidden_layers", .malformed, ["num_hidden_layers": 1_000_000_000])
        expectRefusal("num_attention_heads", .malformed, ["num_attention_heads": 3, "num_key_value_heads": 2])
        expectRefusal("hidden_size", .malformed, ["hidden_size": 5])
        expectRefusal("head_dim", .malformed, ["head_dim": 3])
        expectRefusal("rope_theta", .malformed, ["rope_theta": -1])
        expectRefusal("eos_token_id", .malformed, ["eos_token_id": ["a"]])
        expectRefusal("rope_scaling.factor", .malformed, ["rope_scaling": ["type": "linear", "factor": 0]])
    }

    @Test(arguments: [
        ("[1]", "holds a list"), ("", "ends where a value"), ("{\"a\": 1, \"a\": 2}", "stands twice"),
        ("{\"a\": 1e999}", "out of range"), ("{\"a\": NaN}", "no value starts here"), ("{} x", "text after"),
        ("{\"a\": \"\\ud800\"}", "surrogate"), ("{\"a\": 01}", "expected ','"), ("{\"a\": \"", "string without end"),
    ])
    func refusesTextThatIsNotJSON(_ text: String, _ reason: String) {
        let error = #expect(throws: CheckpointError.self) { try read(text: text) }
        #expect(error?.code == .malformed)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func refusesDeepNestingAndBytesThatAreNotUTF8() throws {
        for opening in ["[", "{\"a\":"] {
            let text = "{\"a\": " + String(repeating: opening, count: 100_000)
            let error = #expect(throws: CheckpointError.self) { try read(text: text) }
            #expect(error?.message.contains("nested deeper") == true)
        }
        let folder = try HandmadeCheckpoint()
        try folder.write("config.json", Array("{\"a\": \"".utf8) + [0xC3, 0x28] + Array("\"}".utf8))
        let error = #expect(throws: CheckpointError.self) {
            try ModelConfiguration(readingFile: "\(folder.directory)/config.json")
        }
        #expect(error?.message.contains("UTF-8") == true)
    }

    /// Every number of both files as each of these: an error that names file, field and range, or a checkpoint.
    @Test func everyNumberHasARange() throws {
        let folder = try HandmadeCheckpoint()
        folder.configuration["head_dim"] = 2
        folder.configuration["bos_token_id"] = 1
        folder.configuration["rope_scaling"] = [
            "rope_type": "yarn", "factor": 2.0, "attention_factor": 1.5, "beta_fast": 32, "beta_slow": 1, "mscale": 1,
            "mscale_all_dim": 1, "original_max_position_embeddings": 16,
        ]
        let suggestion: [String: Any] = [
            "temperature": 0.6, "top_k": 20, "top_p": 0.9, "repetition_penalty": 1.1, "max_new_tokens": 64,
            "eos_token_id": [3, 4], "do_sample": true,
        ]
        try folder.write()
        let values = [
            "-1", "0", "0.5", "2147483648", "9223372036854775807", "-9223372036854775808", "18446744073709551616",
            "1e308",
            "-1e308", "1e999", "\"NaN\"", "NaN", "Infinity", "[]", "{}", "null", "true",
            String(repeating: "[", count: 100_000),
        ]
        for (name, object) in [("config.json", folder.configuration), ("generation_config.json", suggestion)] {
            let sound = try JSONSerialization.data(withJSONObject: object)
            let text = String(decoding: sound, as: UTF8.self)
            for number in text.matches(of: /-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?/).map(\.range) {
                for value in values {
                    try folder.write(name, (text[..<number.lowerBound] + value + text[number.upperBound...]).utf8)
                    do {
                        let checkpoint = try Checkpoint.open(directory: folder.directory)
                        let configuration = checkpoint.configuration
                        _ = configuration.rotary.inverseFrequencies(headDim: configuration.headDim)
                    } catch {
                        #expect(error.message.contains(folder.directory), "\(error)")
                    }
                }
            }
            try folder.write(name, sound)
        }
    }
}
