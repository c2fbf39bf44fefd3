import Foundation
import KongurTesting
import Testing

struct ChatCommandTests {
    /// `chat_terminal.py` says what; it fails with what is on the screen.
    @Test func aPersonEditsRecallsAndStopsAtATerminal() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/chat_terminal.py"
        let result = try KongurProgram().runProgram("/usr/bin/env", ["python3", script, KongurProgram.path])
        #expect(result.status == 0, "\(result.error)")
    }

    /// Not at a terminal: lines are questions, and nothing of what is for terminals is written.
    @Test func linesOfAFileAreQuestions() throws {
        let result = try KongurProgram().run(
            "chat",
            "--temperature",
            "0",
            input: "What is 12 + 7?\n/clear\n/quit\nno\n"
        )
        #expect(result.status == 0, "\(result.error)")
        #expect(result.output.contains("19"))
        #expect(!(result.output + result.error).contains("\u{1b}"))
    }

    @Test func commandsOfAConversationDoWhatTheySay() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kongur-chat-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.path + "/talk.json"
        let foreign = folder.path + "/foreign.txt"
        try Data("mine".utf8).write(to: URL(fileURLWithPath: foreign))
        let said = """
            What is 12 + 7?
            /think
            /set temperature 3x
            /set temperature 0.5
            /set
            /system Solve the problem.
            /save \(file)
            /save \(foreign)
            /load \(foreign)
            /nonsense
            /bye
            What is 1 + 1?

            """
        let result = try KongurProgram().run("chat", "--temperature", "0", input: said)
        #expect(result.status == 0, "\(result.error)")
        let told = result.error
        #expect(told.contains("pebble") && told.contains("1,024 tokens") && told.contains("/bye ends"))
        #expect(told.contains("thinking is shown\n12+7"), "the thinking of the last answer")
        #expect(told.contains("3x is no value of temperature") && told.contains("temperature is now 0.5"))
        #expect(told.contains("temperature         0.5") && told.contains("top-p               default"))
        #expect(told.contains("there is no /nonsense") && told.contains("saved 1 answers"))
        #expect(told.contains("is no conversation that /save wrote"))
        #expect(try String(contentsOfFile: foreign, encoding: .utf8) == "mine")
        #expect(!result.output.contains("boxed{2}"), "nothing is asked after /bye")
        let saved = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: file)))
        let messages = ((saved as? [String: Any])?["messages"] as? [[String: String]]) ?? []
        #expect(messages.map { $0["role"] } == ["system", "user", "assistant"])
        #expect(messages.last?["content"]?.contains("19") == true)
        let more = "/load \(file)\n/system\nWhat is 3 + 4?\n"
        let again = try KongurProgram().run("chat", "--temperature", "0", input: more)
        #expect(again.error.contains("goes on after 1 answers"))
        #expect(again.error.contains("system message: Solve the problem."))
        #expect(again.output.contains("7"), "\(again.output)")
    }
}
