import Foundation
import KongurTesting
import Testing

/// What commands write, and never write over.
@Suite struct OutputTests {
    private static let pebble = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Models/pebble").path

    private let folder: TemporaryFolder
    private let kongur: KongurProgram

    init() throws {
        folder = try TemporaryFolder()
        kongur = KongurProgram(environment: ["KONGUR_CACHE": folder.path + "/cache"])
    }

    private func text(_ name: String) -> String? {
        FileManager.default.contents(atPath: folder.path + "/" + name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Every command with an output, at a file that somebody else wrote, a folder and a link to nowhere.
    @Test(arguments: [
        ["compile", "-o"], ["export", "-o"], ["logits", "--token-ids", "1,2", "-o"], ["inspect", "--svg"],
        ["run", "--device", "k20", "--max-new-tokens", "1", "1", "--trace"],
        ["eval", "--limit", "1", "--task", "TASK", "--results"],
        ["plan", "--device", "k20", "--svg"],
    ]) func nothingOfOthersIsReplaced(_ command: [String]) throws {
        let task = try folder.write(Array(#"{"problem": "1 + 1", "answer": "2"}"#.utf8), to: "task.jsonl")
        let command = command.map { $0 == "TASK" ? task : $0 }
        let file = try folder.write(Array("precious".utf8), to: "file")
        try folder.write(Array("precious".utf8), to: "sub/file")
        let refused = try kongur.run(command + [file])
        #expect(refused.status != 0 && refused.error.contains(file), "\(refused.error)")
        #expect(!refused.error.contains("NSCocoa") && !refused.error.contains("Error Domain"))
        #expect(try kongur.run(command + [folder.path + "/sub"]).status != 0)
        #expect(text("file") == "precious" && text("sub/file") == "precious")
        // Its own it writes again.
        let own = folder.path + "/own"
        for _ in 0..<2 {
            let result = try kongur.run(command + [own])
            #expect(result.status == 0, "\(result.error)")
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.allSatisfy { !$0.hasSuffix(".partial") })
    }

    @Test func exportLeavesOtherFilesBesideItAlone() throws {
        let data = try folder.write(Array("precious".utf8), to: "a/model.onnx.data")
        #expect(try kongur.run("export", "-o", folder.path + "/a/model.onnx").status != 0)
        #expect(FileManager.default.contents(atPath: data) == Data("precious".utf8))
        try folder.write(Array("{}".utf8), to: "b/tokenizer.json")
        let refused = try kongur.run("export", "-o", folder.path + "/b/model.onnx")
        #expect(refused.status == 2 && refused.error.contains("b/tokenizer.json"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/b") == ["tokenizer.json"])
        // In the checkpoint's own folder its files are there.
        try FileManager.default.copyItem(atPath: Self.pebble, toPath: folder.path + "/c")
        #expect(try kongur.run("export", folder.path + "/c", "-o", folder.path + "/c/model.onnx").status == 0)
        #expect(
            FileManager.default.contentsEqual(
                atPath: folder.path + "/c/model.safetensors",
                andPath: Self.pebble + "/model.safetensors"
            )
        )
    }

    /// The graph alone in another folder answers as the checkpoint does.
    @Test func exportedModelIsWhole() throws {
        mkdir(folder.path + "/onnx", 0o755)
        #expect(try kongur.run("export", "-o", folder.path + "/onnx/model.onnx").status == 0)
        let question = ["What is 2 + 2?", "--temperature", "0", "--json"]
        let expected = try kongur.run(["run"] + question).json["text"] as? String
        #expect(try kongur.run(["run", folder.path + "/onnx"] + question).json["text"] as? String == expected)
        #expect(expected?.isEmpty == false)
    }

    /// A disk that is full, and an output that is closed.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"))) func lostOutputIsAnError() throws {
        for command in [
            "run --max-new-tokens 4 1", "run --json --max-new-tokens 4 1", "--help", "--version", "help run",
            "inspect", "devices", "doctor", "tokenize '\(Self.pebble)' --text 'a b'", "plan --device k20",
            "--generate-completion-script bash",
        ] {
            let full = try kongur.runShell("\(command) > /dev/full")
            #expect(full.status == 1 && full.error.contains("No space left"), "\(command): \(full.error)")
            #expect(try kongur.runShell("\(command) >&-").status == 1, "\(command)")
        }
        #expect(try kongur.run("inspect", "--svg", "/dev/full").status == 1)
        #expect(try kongur.runShell("--version").status == 0)
    }

    @Test func keysChangeAtTheSameTimeAndNoneIsLost() throws {
        let file = try folder.write(
            Array("# who may ask\r\nann user \(String(repeating: "0a", count: 32)) # the first\n".utf8),
            to: "keys"
        )
        chmod(file, 0o640)
        symlink("keys", folder.path + "/link")
        let script = """
            for i in 1 2 3 4 5 6 7 8 9 10 11 12; do "$0" keys add "$1/link" u$i > /dev/null & done; wait
            for i in 1 2 3 4 5 6; do "$0" keys remove "$1/link" u$i & "$0" keys add "$1/link" v$i > /dev/null & done; wait
            """
        #expect(try kongur.runProgram("/bin/bash", ["-c", script, KongurProgram.path, folder.path]).status == 0)
        let listed = try kongur.run("keys", "list", file).output.split(separator: "\n").map { $0.prefix { $0 != " " } }
        let expected = ["ann"] + (7...12).map { "u\($0)" } + (1...6).map { "v\($0)" }
        #expect(Set(listed.map(String.init)) == Set(expected) && listed.count == expected.count)
        #expect(text("keys")?.hasPrefix("# who may ask\n") == true && text("keys")?.contains("# the first") == true)
        var status = stat()
        #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o640)
        #expect(lstat(folder.path + "/link", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["keys", "link"])
        // What is no file of keys stays as it is.
        let notes = try folder.write(Array("buy milk\n".utf8), to: "notes")
        #expect(try kongur.run("keys", "add", notes, "ann").status == 2)
        #expect(text("notes") == "buy milk\n")
    }

    @Test func storedIsAFormOfWeightsEverywhere() throws {
        let stored = try kongur.run("run", "--quantize", "stored", "--temperature", "0", "--json", "What is 2 + 2?")
        let plain = try kongur.run("run", "--temperature", "0", "--json", "What is 2 + 2?")
        #expect(stored.status == 0 && stored.json["text"] as? String == plain.json["text"] as? String)
        #expect(try kongur.run("compile", "--quantize", "stored").status == 0)
        #expect(try kongur.run("compile", "--quantize", "stored", "--report").status == 2)
    }

    @Test func int4WarnsOfItsCost() throws {
        for command in [
            ["run", "--quantize", "int4", "--max-new-tokens", "1", "1"], ["compile", "--quantize", "int4"],
        ] {
            let result = try kongur.run(command)
            #expect(result.status == 0 && result.error.contains("warning: int4"), "\(result.error)")
        }
        #expect(try !kongur.run("run", "--quantize", "int8", "--max-new-tokens", "1", "1").error.contains("warning"))
    }
}
