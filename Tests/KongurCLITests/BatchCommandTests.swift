import Foundation
import KongurTesting
import Testing

/// `kongur batch` with the bundled model.
@Suite(.serialized) struct BatchCommandTests {
    private let program = KongurProgram()
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func line(_ id: Int, model: String = "pebble", tokens: Int = 4) -> String {
        """
        {"custom_id": "\(id)", "method": "POST", "url": "/v1/completions", \
        "body": {"model": "\(model)", "prompt": "1+\(id)=", "max_tokens": \(tokens), "ignore_eos": true}}
        """
    }

    private func write(_ lines: [String]) throws -> String {
        try folder.write(Array(lines.joined(separator: "\n").utf8), to: "lines.jsonl")
    }

    private func names(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap {
            let line = (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
            return line?["custom_id"] as? String
        }
    }

    @Test func writesToStandardOutputWhereAskedTo() throws {
        let result = try program.run("batch", try write((0..<20).map { line($0) }), "-o", "-")
        #expect(result.status == 0, "\(result.error)")
        #expect(names(result.output).sorted() == (0..<20).map(String.init).sorted())
        #expect(result.error == "kongur: 20 requests\n")
    }

    @Test func goesOnWhereItWasStoppedAndIsDoneOnce() async throws {
        let path = try write((0..<60).map { line($0, tokens: 300) })
        let output = folder.path + "/lines.out.jsonl"
        func held() -> Int { (try? String(contentsOfFile: output, encoding: .utf8))?.count { $0 == "\n" } ?? 0 }
        for signal in [SIGKILL, SIGINT] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: KongurProgram.path)
            process.arguments = ["batch", path, "--concurrency", "4"]
            process.standardError = FileHandle.nullDevice
            try process.run()
            let before = held()
            let deadline = ContinuousClock.now + .seconds(120)
            while held() < before + 3, process.isRunning, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(2))
            }
            kill(process.processIdentifier, signal)
            process.waitUntilExit()
            #expect(process.terminationStatus == (signal == SIGINT ? 130 : SIGKILL))
        }
        let before = held()
        #expect(before >= 6 && before < 60)
        let result = try program.run("batch", path)
        #expect(result.status == 0, "\(result.error)")
        #expect(result.error.contains("has \(before) of 60 results: going on"))
        let text = try String(contentsOfFile: output, encoding: .utf8)
        #expect(names(text).sorted() == (0..<60).map(String.init).sorted())
        // Nothing is left to do, and the model is not loaded for it.
        let again = try program.run("batch", path)
        #expect(again.status == 0)
        #expect(try String(contentsOfFile: output, encoding: .utf8) == text)
    }

    @Test func saysWhatIsWrongWithItsFile() throws {
        let wrong = try program.run("batch", try write([line(1), line(1), "{"]))
        #expect(wrong.status == 2)
        #expect(wrong.error.contains("lines.jsonl:2: ") && wrong.error.contains("lines.jsonl:3: "))
        let other = try program.run("batch", try write([line(1, model: "gpt-4")]))
        #expect(other.status == 2 && other.error.contains("'gpt-4'") && other.error.contains("--model-name"))
        #expect(try program.run("batch", try write([line(1, model: "gpt-4")]), "--model-name", "gpt-4").status == 0)
        let (empty, good) = (try folder.write([], to: "empty.jsonl"), try write([line(1)]))
        for arguments in [["/nowhere"], [folder.path], ["-"], [empty], [good, "--concurrency", "0"]] {
            let result = try program.run(["batch"] + arguments)
            #expect(result.status == 2 && result.error.hasPrefix("kongur: error: "), "\(arguments): \(result.error)")
        }
        let notes = try folder.write(Array("notes\n".utf8), to: "notes.txt")
        let kept = try program.run("batch", try write([line(1)]), "-o", notes)
        #expect(kept.status == 2 && kept.error.contains("notes.txt:1: "))
        #expect(try String(contentsOfFile: notes, encoding: .utf8) == "notes\n")
    }
}
