import Foundation
import Testing

@testable import Tokenizers

/// Runs `oracle.py` with the repository's Python environment, once per task.
enum Oracle {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let python = root.appendingPathComponent(".venv/bin/python").path
    static let data = root.deletingLastPathComponent().appendingPathComponent("shared/data/qwen2.5-math-1.5b").path
    static let folder = root.appendingPathComponent("Tests/TokenizersTests").path

    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: python) }
    static var hasData: Bool { FileManager.default.fileExists(atPath: data + "/vocab.json") }
    static let skipped: Comment = "needs .venv (requirements.txt) at the repository root"
    static let skippedData: Comment = "needs ../shared/data/qwen2.5-math-1.5b and .venv"

    /// Runs a task and returns the folder that it wrote.
    static func run(_ task: String, _ arguments: [String] = []) throws -> String {
        try run("oracle.py", as: task, [task, data] + arguments)
    }

    /// Runs a script and returns the folder that it wrote, which is its last argument.
    static func run(_ script: String, as name: String, _ arguments: [String] = []) throws -> String {
        let out = root.appendingPathComponent(".cache/tokenizers-oracle/\(name)").path
        try? FileManager.default.removeItem(atPath: out)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["\(folder)/\(script)"] + arguments + [out]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(script) \(name): \(message.suffix(2000))")
        return out
    }

    static func json(_ path: String) throws -> JSONValue {
        try JSONValue(parsing: FileBytes.read(path), name: path)
    }

    static let tokenizers = Result { try run("tokenizers") }
}
