import Foundation
import ModelHub
import Testing

@Suite struct RepositoryListingTests {
    private func listing(_ json: String, documentation: Bool = false) throws -> RepositoryListing {
        try RepositoryListing(json: Array(json.utf8), about: "a/b", includesDocumentation: documentation)
    }

    private func listing(files: [String]) throws -> RepositoryListing {
        let names = try files.map {
            try #require(String(data: JSONEncoder().encode(["rfilename": $0]), encoding: .utf8))
        }
        return try listing(#"{"sha": "\#(repository.commit)", "siblings": [\#(names.joined(separator: ","))]}"#)
    }

    @Test func onlyFilesOfACheckpointAreChosen() throws {
        let chosen = [
            "config.json", "generation_config.json", "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt",
            "added_tokens.json", "special_tokens_map.json", "chat_template.jinja", "chat_template.json",
            "additional_chat_templates/tool_use.jinja",
        ]
        let others = [
            "README.md", "pytorch_model.bin", ".gitattributes", "modeling_qwen.py", "onnx/model.onnx",
            "onnx/config.json",
            "original/model.safetensors", "model.gguf", "notconfig.json",
            "other.jinja", "other/tool_use.jinja", "additional_chat_templates/notes.txt",
            "additional_chat_templates/deeper/tool_use.jinja", "additional_chat_templates/.jinja",
            "additional_chat_templates/../../up.jinja",
        ]
        #expect(try listing(files: chosen + others + chosen).files == chosen)
    }

    @Test(arguments: [
        "../config.json", "/etc/config.json", "a/../../config.json", "..\\model.safetensors", "C:\\model.safetensors",
        "./config.json", "a//config.json", "..model.safetensors", "a\u{0}/model.safetensors", "x\u{1b}[2J.safetensors",
        ".safetensors",
    ])
    func aNameThatLeadsElsewhereIsRefused(name: String) throws {
        let error = #expect(throws: HubError.self) { try listing(files: ["config.json", "model.safetensors", name]) }
        #expect(error?.code == .unsafeFileName)
    }

    @Test func aRepositoryWithoutACheckpointIsNoModel() throws {
        for files in [[], ["config.json"], ["model.safetensors"], ["config.json", "pytorch_model.bin"]] {
            let error = #expect(throws: HubError.self) { try listing(files: files) }
            #expect(error?.code == .notAModel)
        }
    }

    @Test(arguments: [
        "", "null", "[]", "{", #"{"sha": 5}"#, #"{"siblings": []}"#, #"{"sha": "main", "siblings": []}"#,
        #"{"sha": "../../../../../../../../etc/passwd/aaaaaa", "siblings": []}"#,
        #"{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": {"rfilename": "config.json"}}"#,
        #"{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [{"rfilename": null}]}"#,
        #"{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [1e999]}"#,
        "\u{FEFF}{}",
        "{\"sha\": \"\\ud800\"}",
        "<!DOCTYPE html><html></html>",
    ])
    func anotherAnswerIsRefused(json: String) throws {
        let error = #expect(throws: HubError.self) { try listing(json) }
        #expect(error?.code == .invalidResponse)
    }

    @Test func deepNestingIsRefused() throws {
        for open in ["[", #"{"sha":"#, #"{"siblings":["#] {
            let error = #expect(throws: HubError.self) { try listing(String(repeating: open, count: 100_000)) }
            #expect(error?.code == .invalidResponse)
        }
    }

    @Test func aNameThatComesTwiceInAnObjectIsHarmless() throws {
        let json = """
            {"sha": "\(repository.commit)", "sha": "\(repository.commit)", "siblings": [], "siblings": [
            {"rfilename": "config.json", "rfilename": "config.json"}, {"rfilename": "model.safetensors"}]}
            """
        #expect(
            (try? listing(json))?.files ?? ["config.json", "model.safetensors"] == ["config.json", "model.safetensors"]
        )
    }
}
