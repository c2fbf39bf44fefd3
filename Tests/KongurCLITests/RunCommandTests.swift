import Foundation
import KongurTesting
import Testing

/// What `kongur run` takes for the model, for the prompt, and for the text behind it.
@Suite(.serialized) struct RunCommandTests {
    private let kongur = KongurProgram()
    private let options = ["--temperature", "0", "--max-new-tokens", "200"]

    @Test func theBundledModelHasAName() throws {
        let named = try kongur.run(["run", "pebble", "What is 47 + 385?"] + options)
        #expect(named.status == 0 && named.output.contains("432"), "\(named.error)")
        for arguments in [["inspect", "pebble"], ["template", "pebble", "--user", "hi"]] {
            let result = try kongur.run(arguments)
            #expect(result.status == 0 || !result.error.contains("no such file"), "\(result.error)")
        }
    }

    /// Where nobody watches, the output is the answer alone.
    @Test func pipedOutputIsTheAnswer() throws {
        for flags in [[], ["--hide-thinking"], ["--no-stream"]] {
            let result = try kongur.run(["run", "What is 47 + 385?"] + flags + options)
            #expect(result.output == "The answer is \\boxed{432}.\n", "\(flags): \(result.output)")
        }
        let shown = try kongur.run(["run", "What is 47 + 385?", "--show-thinking"] + options)
        #expect(shown.output.contains("47+385") && shown.output.hasSuffix("The answer is \\boxed{432}.\n"))
    }

    @Test func standardInputIsThePromptOrStandsBehindIt() throws {
        for (arguments, input) in [
            (["run"], "What is 47 + 385?\n"), (["run", "-"], "What is 47 + 385?"),
            (["run", "pebble"], "What is 47 + 385?"),
            (["run", "pebble", "-"], "What is 47 + 385?\n\n"),
        ] {
            let result = try kongur.run(arguments + options, input: input)
            #expect(result.status == 0 && result.output.contains("432"), "\(arguments): \(result.error)")
        }
        let joined = try kongur.run(["run", "What is", "--json"] + options, input: "47 + 385?")
        let plain = try kongur.run(["run", "What is\n\n47 + 385?", "--json"] + options)
        #expect(joined.json["token_ids"] as? [Int] == plain.json["token_ids"] as? [Int])
        let nothing = try kongur.run(["run"] + options)
        #expect(nothing.status == 2 && nothing.error.contains("PROMPT"))
    }

    /// What is meant as a model or a file is not answered as if it were a question.
    @Test func aLoneNameIsNoQuestion() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kongur-lone-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.path + "/notes.txt"
        try Data("1 + 1".utf8).write(to: URL(fileURLWithPath: file))
        for (argument, advice) in [
            ("pebble", "kongur run pebble \"PROMPT\""),
            ("WeiboAI/VibeThinker-1.5B", "kongur pull WeiboAI/VibeThinker-1.5B"),
            (file, "< \(file)"), (folder.path, "has no model in it"), ("./none.onnx", "no such file"),
        ] {
            let result = try kongur.run(["run", argument] + options)
            #expect(result.status == 2 && result.output.isEmpty && result.error.contains(advice), "\(result.error)")
        }
        for question in ["1/2", "12 + 30 / 2", "What is 5/7?"] {
            #expect(try kongur.run(["run", question] + options).status == 0)
        }
    }
}
