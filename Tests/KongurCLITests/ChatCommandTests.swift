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
}
