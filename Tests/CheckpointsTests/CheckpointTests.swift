import Checkpoints
import Foundation
import KongurTesting
import Tensors
import Testing

@Suite struct CheckpointTests {
    @Test func opensASoundFolder() throws {
        let folder = try HandmadeCheckpoint()
        try folder.write()
        try folder.write("generation_config.json", json: ["eos_token_id": [3, 5], "temperature": 0.6, "top_p": 0.95])
        let checkpoint = try Checkpoint.open(directory: folder.directory)
        #expect(checkpoint.configuration.headDim == 2)
        #expect(checkpoint.configuration.hasQueryKeyValueBias)
        #expect(checkpoint.generation.stopTokenIDs == [3, 5])
        #expect(checkpoint.generation.temperature == 0.6)
        #expect(checkpoint.tensorNames.count == folder.tensors.count)
        let tensor = try checkpoint.tensor(named: "model.embed_tokens.weight")
        #expect(tensor.type == TensorType(.float32, [7, 4]))
        #expect(tensor.withBytes { Array($0.prefix(5)) } == [0, 1, 2, 3, 4])
    }

    @Test func aHeadThatDiffersFromTheEmbeddingIsUsed() throws {
        let folder = try HandmadeCheckpoint()
        try folder.write()
        #expect(try Checkpoint.open(directory: folder.directory).notices.isEmpty)
        folder.tensors.append(("lm_head.weight", .init(shape: [7, 4])))
        for dtype in ["F32", "F16", "BF16"] {
            folder.change("lm_head.weight") { $0.dtype = dtype }
            try folder.write()
            let checkpoint = try Checkpoint.open(directory: folder.directory)
            #expect(!checkpoint.configuration.tiesWordEmbeddings)
            #expect(checkpoint.notices.count == 1 && checkpoint.notices[0].contains("lm_head.weight"))
        }
        // Equal to the embedding, whose bytes count up from 0: nothing is to be said.
        var bytes = try Array(folder.safetensors())
        folder.change("lm_head.weight") { $0.dtype = "F32" }
        bytes = try Array(folder.safetensors())
        bytes.replaceSubrange(bytes.count - 112..<bytes.count, with: (0..<112).map { UInt8($0) })
        try folder.write("model.safetensors", bytes)
        let tied = try Checkpoint.open(directory: folder.directory)
        #expect(tied.configuration.tiesWordEmbeddings && tied.notices.isEmpty)
        // All numbers are 0, in two types.
        folder.change("lm_head.weight") { $0.dtype = "BF16" }
        bytes = try Array(folder.safetensors())
        let header = 8 + bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        try folder.write("model.safetensors", bytes.prefix(header) + [UInt8](repeating: 0, count: bytes.count - header))
        #expect(try Checkpoint.open(directory: folder.directory).configuration.tiesWordEmbeddings)
        folder.remove("lm_head.weight")
        folder.configuration["tie_word_embeddings"] = false
        try folder.write()
        expectError(in: folder, .tensorMismatch, "lm_head.weight")
    }

    @Test func saysWhichTensorIsMissingAndHowManyMore() throws {
        let folder = try HandmadeCheckpoint()
        folder.remove("model.layers.1.self_attn.k_proj.bias")
        folder.remove("model.norm.weight")
        folder.change("model.layers.1.mlp.up_proj.weight") { $0.shape = [4, 6] }
        try folder.write()
        let error = expectError(in: folder, .tensorMismatch, "model.layers.1.self_attn.k_proj.bias")
        #expect(error?.message.contains("2 more tensors") == true)
    }

    @Test func refusesWrongShapesAndElementTypes() throws {
        let folder = try HandmadeCheckpoint()
        folder.change("model.norm.weight") { $0.shape = [5] }
        try folder.write()
        expectError(in: folder, .tensorMismatch, "model.safetensors: tensor 'model.norm.weight' has shape [5]")
        folder.change("model.norm.weight") { $0 = .init(dtype: "I64", shape: [4]) }
        try folder.write()
        expectError(in: folder, .tensorMismatch, "I64")
        folder.change("model.norm.weight") { $0 = .init(dtype: "F64", shape: [4]) }
        try folder.write()
        expectError(in: folder, .tensorMismatch, "F64")
    }

    @Test func readsShardsAndRefusesAnIndexThatLies() throws {
        let folder = try HandmadeCheckpoint()
        try folder.write("config.json", json: folder.configuration)
        let (first, second) = (Array(folder.tensors.prefix(9)), Array(folder.tensors.dropFirst(9)))
        try folder.write("a.safetensors", folder.safetensors(first))
        try folder.write("b.safetensors", folder.safetensors(second))
        var map: [String: String] = [:]
        for tensor in first { map[tensor.name] = "a.safetensors" }
        for tensor in second { map[tensor.name] = "b.safetensors" }
        let index = "model.safetensors.index.json"
        try folder.write(index, json: ["weight_map": map])
        #expect(try Checkpoint.open(directory: folder.directory).tensorNames.count == folder.tensors.count)

        map["model.norm.weight"] = "a.safetensors"
        try folder.write(index, json: ["weight_map": map])
        expectError(in: folder, .tensorMismatch, "a.safetensors: has no tensor 'model.norm.weight'")
        map["model.norm.weight"] = "c.safetensors"
        try folder.write(index, json: ["weight_map": map])
        expectError(in: folder, .fileNotReadable, "'c.safetensors', which is missing")
        for name in ["../\(folder.directory)/a.safetensors", "..", "", "/etc/passwd", "a\0b"] {
            map["model.norm.weight"] = name
            try folder.write(index, json: ["weight_map": map])
            expectError(in: folder, .malformed, "same folder")
        }
    }

    @Test func saysWhatAFolderLacks() throws {
        let folder = try HandmadeCheckpoint()
        expectError(in: folder, .fileNotReadable, "config.json")
        try folder.write("config.json", json: folder.configuration)
        expectError(in: folder, .fileNotReadable, "neither model.safetensors nor")
        for (name, reason) in [
            ("pytorch_model.bin", "pickle"), ("model.gguf", "GGUF files are not supported yet"),
            ("model-00001-of-00002.safetensors", "model.safetensors.index.json"), ("tf_model.h5", "another framework"),
            ("adapter_config.json", "LoRA"), ("weights.safetensors", "'weights.safetensors'"),
        ] {
            try folder.write(name, [1])
            expectError(in: folder, .fileNotReadable, reason)
            unlink("\(folder.directory)/\(name)")
        }
    }

    @Test func saysThatWeightsAreQuantized() throws {
        for (settings, reason) in [
            (["quant_method": "gptq", "bits": 4], "GPTQ, 4 bits"), (["quant_method": "awq"], "AWQ"),
            (["quant_method": "bitsandbytes", "load_in_4bit": true], "BITSANDBYTES, 4 bits"),
            (["quant_method": "fp8"], "FP8"),
            (["bits": 8], "8 bits"), ([:], "quantized"),
        ] as [([String: Any], String)] {
            let folder = try HandmadeCheckpoint()
            folder.configuration["quantization_config"] = settings
            try folder.write()
            expectError(in: folder, .unsupported, reason)
        }
        // Without a word in the configuration, by the names of the tensors.
        let folder = try HandmadeCheckpoint()
        folder.remove("model.layers.0.mlp.up_proj.weight")
        folder.tensors.append(("model.layers.0.mlp.up_proj.qweight", .init(dtype: "U8", shape: [1, 6])))
        try folder.write()
        expectError(in: folder, .tensorMismatch, "quantized already")
    }

    @Test func saysWhoseNamesTheTensorsHave() throws {
        for (prefix, reason) in [
            ("base_model.model.", "is called 'base_model.model.model."), ("_orig_mod.", "_orig_mod."),
        ] {
            let folder = try HandmadeCheckpoint()
            for index in folder.tensors.indices { folder.tensors[index].name = prefix + folder.tensors[index].name }
            try folder.write()
            expectError(in: folder, .tensorMismatch, reason)
        }
        let folder = try HandmadeCheckpoint()
        folder.configuration["architectures"] = ["Qwen2ForSequenceClassification"]
        try folder.write()
        expectError(in: folder, .unsupported, "Qwen2ForSequenceClassification")
    }

    @Test func saysWhichTensorsAreNotUsed() throws {
        let folder = try HandmadeCheckpoint()
        folder.tensors.append(("model.layers.0.self_attn.o_proj.bias", .init(shape: [4])))
        folder.tensors.append(("model.layers.2.mlp.up_proj.weight", .init(shape: [6, 4])))
        folder.tensors.append(("model.layers.0.self_attn.rotary_emb.inv_freq", .init(shape: [1])))
        try folder.write()
        let notices = try Checkpoint.open(directory: folder.directory).notices
        #expect(notices.count == 1)
        #expect(notices[0].contains("'model.layers.0.self_attn.o_proj.bias' and 1 more"), "\(notices)")
    }

    /// Whatever single bytes change, opening gives a checkpoint whose tensors can be read, or an error.
    @Test func changedBytesNeverCrash() throws {
        let folder = try HandmadeCheckpoint()
        try folder.write()
        let configuration = try Array(Data(contentsOf: URL(fileURLWithPath: folder.directory + "/config.json")))
        let safetensors = try Array(folder.safetensors())
        let interesting = Array("0123456789-.eE{}[]\",:\\untf".utf8) + [0, 0x7F, 0x80, 0xC3, 0xFF]
        var random = SystemRandomNumberGenerator()
        for round in 0..<1500 {
            let changesHeader = round % 2 == 0
            var bytes = changesHeader ? safetensors : configuration
            let limit = changesHeader ? 1500 : bytes.count
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<min(limit, bytes.count), using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(interesting.randomElement(using: &random) ?? 0, at: place)
                case 2: bytes.removeSubrange(Int.random(in: place..<bytes.count, using: &random)...)
                default: bytes[place] = interesting.randomElement(using: &random) ?? 0
                }
                if bytes.isEmpty { break }
            }
            try folder.write("config.json", changesHeader ? configuration : bytes)
            try folder.write("model.safetensors", changesHeader ? bytes : safetensors)
            guard let checkpoint = try? Checkpoint.open(directory: folder.directory) else { continue }
            for name in checkpoint.tensorNames { _ = try? checkpoint.tensor(named: name).floats }
        }
    }

    @Test(.enabled(if: TinyCheckpoints.areAvailable), arguments: TinyCheckpoints.names)
    func opensWhatTransformersWrites(_ name: String) throws {
        let checkpoint = try Checkpoint.open(directory: TinyCheckpoints.directory(name))
        let configuration = checkpoint.configuration
        let expected = try TinyCheckpoints.expected(name)
        #expect(checkpoint.generation.stopTokenIDs == [0, 2])
        #expect(configuration.elementType == (try checkpoint.tensor(named: "model.norm.weight")).elementType)
        let frequencies = configuration.rotary.inverseFrequencies(headDim: configuration.headDim)
        #expect(frequencies.count == expected.rotary.inverseFrequencies.count)
        for (ours, theirs) in zip(frequencies, expected.rotary.inverseFrequencies) {
            #expect(abs(ours - theirs) <= 2e-7 * abs(theirs))
        }
        #expect(abs(configuration.rotary.attentionFactor - expected.rotary.attentionFactor) < 1e-12)
    }
}

@discardableResult
private func expectError(
    in folder: HandmadeCheckpoint,
    _ code: CheckpointError.Code,
    _ text: String,
    sourceLocation: SourceLocation = #_sourceLocation
) -> CheckpointError? {
    do throws(CheckpointError) {
        _ = try Checkpoint.open(directory: folder.directory)
        Issue.record("opened", sourceLocation: sourceLocation)
        return nil
    } catch {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        #expect(error.message.contains(text), "\(error)", sourceLocation: sourceLocation)
        return error
    }
}
