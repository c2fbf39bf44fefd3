import Foundation
import Kongur
import Testing

struct ModelLocatorTests {
    @Test func eachFormOfModelIsRecognised() throws {
        try inTemporaryFolder { folder in
            try write("{}", "\(folder)/checkpoint/config.json")
            try write("x", "\(folder)/graph.onnx")
            try write("{}", "\(folder)/exported/config.json")
            try write("x", "\(folder)/exported/model.onnx")
            try write("{}", "\(folder)/compiled.kongur/program.json")
            try write("x", "\(folder)/compiled.kongur/weights.bin")
            let locator = ModelLocator(environment: ["HF_HUB_CACHE": folder])
            #expect(try locator.locate("\(folder)/checkpoint") == .checkpoint("\(folder)/checkpoint"))
            #expect(try locator.locate("\(folder)/graph.onnx") == .onnx("\(folder)/graph.onnx"))
            #expect(try locator.locate("\(folder)/exported") == .onnx("\(folder)/exported/model.onnx"))
            #expect(try locator.locate("\(folder)/compiled.kongur") == .compiled("\(folder)/compiled.kongur"))
        }
    }

    @Test func whatIsNotAModelSaysWhatToDo() throws {
        try inTemporaryFolder { folder in
            try write("text", "\(folder)/notes.txt")
            let locator = ModelLocator(environment: ["HF_HUB_CACHE": folder])
            #expect(message { try locator.locate("\(folder)/notes.txt") }.contains("not a model"))
            #expect(message { try locator.locate(folder) }.contains("no config.json"))
            #expect(message { try locator.locate("\(folder)/gone") }.contains("no such file or folder"))
            #expect(message { try locator.locate("someone/something") }.contains("kongur pull someone/something"))
        }
    }

    /// Whichever file it is, what it holds instead is said, and not what fails because of it.
    @Test func filesThatAreNotWhatTheirNamesSay() throws {
        let contents = [
            ("version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 5\n", "Git LFS pointer"),
            ("\n<!DOCTYPE html><html>", "web page"), ("<html><head>", "web page"),
            ("Entry not found", "failed download"),
        ]
        let locator = ModelLocator(environment: [:])
        for name in [
            "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json",
            "merges.txt",
            "special_tokens_map.json", "model.safetensors", "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
        ] {
            for (text, reason) in contents + [("", "is empty")] where !(text.isEmpty && name == "merges.txt") {
                try inTemporaryFolder { folder in
                    try write("{}", "\(folder)/config.json")
                    try write(text, "\(folder)/\(name)")
                    let message = message { try locator.locate(folder) }
                    #expect(message.contains("\(folder)/\(name): ") && message.contains(reason), "\(message)")
                }
            }
        }
        for name in ["model.onnx", "model.onnx.data", "chat_template.jinja"] {
            for (text, reason) in contents.prefix(3) {
                try inTemporaryFolder { folder in
                    try write("x", "\(folder)/model.onnx")
                    try write(text, "\(folder)/\(name)")
                    for path in [folder, "\(folder)/model.onnx"] {
                        let message = message { try locator.locate(path) }
                        #expect(message.contains("\(name): ") && message.contains(reason), "\(message)")
                    }
                }
            }
        }
    }

    @Test func formsThatAreNotReadAreNamed() throws {
        let locator = ModelLocator(environment: [:])
        for (name, reason) in [
            ("model.gguf", "GGUF files are not supported yet"), ("pytorch_model.bin", "pickle"),
            ("consolidated.00.pth", "pickle"),
            ("model.safetensors", "config.json"), ("adapter_config.json", "LoRA"),
        ] {
            try inTemporaryFolder { folder in
                try write("x", "\(folder)/\(name)")
                let ofFolder = message { try locator.locate(folder) }
                #expect(ofFolder.contains(reason))
                let ofFile = message { try locator.locate("\(folder)/\(name)") }
                let isPart = name == "model.safetensors" || name.hasSuffix(".json")
                let wanted = isPart ? "give the folder" : reason
                #expect(ofFile.contains(wanted), "\(ofFile)")
            }
        }
        try inTemporaryFolder { folder in
            let ofFolder = message { try locator.locate(folder) }
            #expect(ofFolder.contains("is empty"))
        }
    }

    @Test func bundledModelIsLookedForWhereTheEnvironmentSays() throws {
        try inTemporaryFolder { folder in
            let locator = ModelLocator(environment: ["KONGUR_MODELS": folder])
            #expect(message { try locator.locate(nil) }.contains("looked in \(folder)/pebble"))
            try write("{}", "\(folder)/pebble/config.json")
            #expect(try locator.locate(nil) == .checkpoint("\(folder)/pebble"))
        }
    }

    private func message(_ body: () throws -> some Any) -> String {
        do {
            return "no error but \(try body())"
        } catch {
            return "\(error)"
        }
    }

    private func write(_ text: String, _ path: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private func inTemporaryFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }
}
