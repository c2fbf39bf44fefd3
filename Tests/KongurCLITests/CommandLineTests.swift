import Foundation
import KongurTesting
import Testing

struct CommandLineTests {
    private let kongur = KongurProgram()

    @Test func helpAndVersionAreAnswers() throws {
        let help = try kongur.run("--help")
        #expect(help.status == 0)
        #expect(help.output.contains("USAGE: kongur"))
        #expect(try kongur.run("--version").output.split(separator: ".").count == 3)
    }

    @Test(arguments: [
        ["nonsense"], ["tokenize"], ["tokenize", "x", "--text", "a", "--file", "b"], ["pull", "a", "--nope"],
        ["run", "a", "--speculate", "0"], ["run", "a", "--speculate", "on"],
        ["run", "a", "--json-object", "--json-schema", "b"],
    ])
    func wrongCommandLineIsStatusTwo(_ arguments: [String]) throws {
        let result = try kongur.run(arguments)
        #expect(result.status == 2)
        #expect(result.error.hasPrefix("kongur: error: "))
        #expect(result.output.isEmpty)
    }

    @Test func unknownCommandsAndModelsSayWhatMayBeMeant() throws {
        #expect(try kongur.run("rnu", "hi").error == "kongur: error: there is no command 'rnu'; did you mean 'run'?\n")
        let far = try kongur.run("What is 2 + 2?")
        #expect(far.status == 2 && far.error.contains("a question is asked by `kongur run`"))
        #expect(try kongur.run("help", "run").status == 0)
        let model = try kongur.run("run", "peble", "What is 2 + 2?")
        #expect(model.status == 2 && model.error.contains("OWNER/NAME"))
        let unwritable = try kongur.run("compile", "-o", "/proc/model")
        #expect(unwritable.status == 1 && !unwritable.error.contains("NSURL"), "\(unwritable.error)")
        #expect(try kongur.run("keys", "list", "/none").error.contains("`kongur keys add /none NAME`"))
        #expect(try kongur.run("eval", "--task", "/none").error == "kongur: error: /none: no such file\n")
    }

    @Test func missingModelSaysWhatToDo() throws {
        let folder = try TemporaryFolder()
        let kongur = KongurProgram(environment: ["HF_HUB_CACHE": folder.path])
        let missing = try kongur.run("tokenize", "/no/such/folder", "--text", "a")
        #expect(missing.status == 2)
        #expect(missing.error == "kongur: error: /no/such/folder: no such file or folder\n")
        let unpulled = try kongur.run("tokenize", "someone/something", "--text", "a")
        #expect(unpulled.status == 2)
        #expect(unpulled.error.contains("kongur pull someone/something"))
    }

    @Test func rubbishInFilesIsStatusTwo() throws {
        let folder = try TemporaryFolder()
        try folder.write(Array("{}".utf8), to: "config.json")
        let broken = try folder.write([0x61, 0xFF, 0x62], to: "broken.txt")
        let tokenize = try kongur.run("tokenize", folder.path, "--file", broken)
        #expect(tokenize.status == 2)
        #expect(tokenize.error.contains(folder.path))
        try folder.write(Array("{{ messages }}".utf8), to: "chat_template.jinja")
        let deep = try folder.write(String(repeating: "[", count: 200_000).utf8, to: "deep.json")
        let template = try kongur.run("template", folder.path, deep)
        #expect(template.status == 2)
        #expect(template.error.contains("deep.json"))
    }

    @Test func readerThatLeavesIsNoError() throws {
        // `head -c 1` closes its end at once; `kongur` must end quietly, not complain.
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/kongur"
        let errors = Pipe()
        shell.arguments = ["-c", "\(program) --help | head -c 1"]
        shell.standardOutput = FileHandle.nullDevice
        shell.standardError = errors
        try shell.run()
        shell.waitUntilExit()
        #expect(errors.fileHandleForReading.readDataToEndOfFile().isEmpty)
    }
}
