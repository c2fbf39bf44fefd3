import Foundation
import KongurTesting
import ONNX
import Testing

@testable import Kongur

/// What the files beside an ONNX graph say of it.
@Suite struct ModelSourceTests {
    private static let pebble = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Models/pebble").path

    private let folder: TemporaryFolder
    private let graph: Model

    init() throws {
        folder = try TemporaryFolder()
        graph = try ModelSource(.checkpoint(Self.pebble)).graph
    }

    private func source(metadata: [String: String], _ files: [String: String]) throws -> ModelSource {
        var graph = graph
        graph.metadata = metadata
        for name in ["config.json", "generation_config.json"] { unlink("\(folder.path)/\(name)") }
        for (name, text) in files { try folder.write(Array(text.utf8), to: name) }
        try ModelWriter().write(graph, to: folder.path + "/model.onnx")
        return try ModelSource(.onnx(folder.path + "/model.onnx"))
    }

    @Test func generationConfigurationBesideTheGraphIsRead() throws {
        let configuration = #"{"eos_token_id": 3, "max_position_embeddings": 77}"#
        let generation = #"{"eos_token_id": [4, 5], "do_sample": true, "temperature": 0.6, "top_p": 0.95, "top_k": 20}"#
        let other = try source(metadata: [:], ["config.json": configuration, "generation_config.json": generation])
        #expect(other.stopTokenIDs == [3, 4, 5] && other.contextLength == 77)
        #expect(other.samplingDefaults.temperature == 0.6 && other.samplingDefaults.topP == 0.95)
        #expect(other.samplingDefaults.topK == 20)
        let one = try source(metadata: [:], ["config.json": configuration])
        #expect(one.stopTokenIDs == [3] && one.samplingDefaults == SamplingDefaults())
        let none = try source(metadata: [:], [:])
        #expect(none.stopTokenIDs.isEmpty && none.contextLength == nil)
        // Our own graph knows all of it, and a file that somebody put beside it counts before that.
        let metadata = ["stop_token_ids": "8,9", "context_length": "50", "do_sample": "true", "temperature": "0.3"]
        let own = try source(metadata: metadata, ["config.json": configuration])
        #expect(own.stopTokenIDs == [8, 9] && own.contextLength == 50 && own.samplingDefaults.temperature == 0.3)
        let changed = try source(metadata: metadata, ["generation_config.json": generation])
        #expect(changed.stopTokenIDs == [4, 5] && changed.samplingDefaults.temperature == 0.6)
    }

    @Test func filesThatAreNotSoundAreNamed() throws {
        for (name, text) in [
            ("generation_config.json", #"{"temperature": "hot"}"#), ("config.json", #"{"eos_token_id": "x"}"#),
            ("generation_config.json", "{"), ("config.json", "[]"),
            ("generation_config.json", #"{"temperature": -1}"#), ("generation_config.json", #"{"top_p": 1e308}"#),
            ("generation_config.json", #"{"top_k": 9223372036854775807}"#),
            ("generation_config.json", #"{"max_new_tokens": -5}"#),
            ("config.json", #"{"eos_token_id": [1, -1]}"#), ("config.json", #"{"eos_token_id": 1099511627776}"#),
            ("config.json", #"{"max_position_embeddings": 0}"#),
        ] {
            let error = #expect(throws: (any Error).self) { try source(metadata: [:], [name: text]) }
            #expect("\(error.map { KongurError($0).message } ?? "")".contains(name))
        }
    }

    @Test(arguments: [
        ("context_length", "0"), ("context_length", "-9223372036854775808"), ("context_length", "2147483648"),
        ("temperature", "nan"), ("temperature", "-1"), ("temperature", "1e308"), ("top_p", "inf"), ("top_p", "0"),
        ("repetition_penalty", "-0.5"), ("repetition_penalty", "nan"), ("top_k", "-9223372036854775808"),
        ("max_new_tokens", "9223372036854775807"),
    ])
    func numbersOfTheMetadataHaveRanges(key: String, value: String) throws {
        let error = #expect(throws: KongurError.self) {
            try source(metadata: ["do_sample": "true", key: value], [:])
        }
        #expect(error?.code == .invalidModel)
    }
}
