package import Foundation

/// Small checkpoints that transformers made, and what it computes with them; made once and kept in `.build`.
///
/// Absent without `.venv`: tests that need them say `.enabled(if: TinyCheckpoints.areAvailable)`.
package enum TinyCheckpoints {
    /// The names of the checkpoints, one for each shape of model that is supported.
    package static let names = ["qwen2-tied", "qwen2-untied", "qwen2-yarn", "qwen3", "llama", "llama-linear"]

    /// What `expected.json` holds.
    package struct Expected: Codable, Sendable {
        package struct Rotary: Codable, Sendable {
            package var inverseFrequencies: [Float]
            package var attentionFactor: Double
        }

        package var promptIds: [Int]
        /// Greedy, 24 tokens after the prompt.
        package var generatedIds: [Int]
        package var logitsPromptIds: [Int]
        package var rotary: Rotary
    }

    /// The root of the repository.
    package static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    package static var python: URL { repository.appendingPathComponent(".venv/bin/python") }

    package static let areAvailable: Bool = {
        let found = FileManager.default.isExecutableFile(atPath: python.path)
        if !found {
            print("skipped: there is no .venv, so transformers cannot make tiny checkpoints; run scripts/python.sh")
        }
        return found
    }()

    /// The folder that holds one folder for each name.
    package static let folder: Result<URL, any Error> = Result { try makeOnce() }

    package static func directory(_ name: String) throws -> String {
        try folder.get().appendingPathComponent(name).path
    }

    package static func expected(_ name: String) throws -> Expected {
        let data = try Data(contentsOf: folder.get().appendingPathComponent("\(name)/expected.json"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Expected.self, from: data)
    }

    /// The logits of `logitsPromptIds`, float32 `[12, vocabulary]` in row-major order.
    package static func expectedLogits(_ name: String) throws -> [Float] {
        try floats(ofNumPyFile: folder.get().appendingPathComponent("\(name)/expected_logits.npy"))
    }

    /// The elements of a .npy file of float32.
    package static func floats(ofNumPyFile file: URL) throws -> [Float] {
        let data = try Data(contentsOf: file)
        // A .npy file of version 1: ten bytes, a header whose length stands in the last two of them, the values.
        let start = data.startIndex + 10 + Int(data[data.startIndex + 8]) + Int(data[data.startIndex + 9]) << 8
        return data[start...].withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        }
    }

    /// The relative difference ‖logits - expected‖ / ‖expected‖ to `expectedLogits`; nil when their numbers differ.
    package static func difference(of logits: [Float], _ name: String) throws -> Double? {
        let expected = try expectedLogits(name)
        guard logits.count == expected.count else { return nil }
        let squares = zip(logits, expected).map { (Double($0 - $1) * Double($0 - $1), Double($1) * Double($1)) }
        return (squares.reduce(0) { $0 + $1.0 } / squares.reduce(0) { $0 + $1.1 }).squareRoot()
    }

    /// Runs Python from `.venv` and returns what it printed; throws with its complaints when it fails.
    @discardableResult
    package static func runPython(_ arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = python
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw PythonFailure(output: text) }
        return text
    }

    package struct PythonFailure: Error, CustomStringConvertible {
        package var output: String
        package var description: String { "python failed: \(output)" }
    }

    private static func makeOnce() throws -> URL {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("make_tiny_checkpoints.py")
        let hash = try Data(contentsOf: script).reduce(UInt64(5381)) { $0 &* 33 &+ UInt64($1) }
        let parent = repository.appendingPathComponent(".build/tiny-checkpoints")
        let folder = parent.appendingPathComponent(String(hash, radix: 16))
        if FileManager.default.fileExists(atPath: folder.path) { return folder }
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        let unfinished = parent.appendingPathComponent("unfinished-\(ProcessInfo.processInfo.processIdentifier)")
        try? FileManager.default.removeItem(at: unfinished)
        try runPython([script.path, unfinished.path])
        // Another test process may have been faster; what it made is the same.
        do {
            try FileManager.default.moveItem(at: unfinished, to: folder)
        } catch {
            try? FileManager.default.removeItem(at: unfinished)
            guard FileManager.default.fileExists(atPath: folder.path) else { throw error }
        }
        return folder
    }
}
