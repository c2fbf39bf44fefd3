import Foundation

/// The Python of `.venv`, with packages that tests compare with, and the scripts of the repository.
package enum PythonTools {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let python = root + "/.venv/bin/python"

    /// Whether a package can be imported.
    package static func have(_ package: String) -> Bool {
        (try? run("import \(package)", [:])) != nil
    }

    package struct Failure: Error {}

    /// Runs a script of this repository, which needs Python alone, and returns its status and all that it says.
    package static func script(_ name: String, _ arguments: String...) throws -> (status: Int32, output: String) {
        try outputOfProgram("/usr/bin/env", ["python3", root + "/scripts/" + name] + arguments)
    }

    /// Runs a program and returns what it prints; throws when it fails, its reason on standard error.
    @discardableResult
    package static func run(_ program: String, _ environment: [String: String]) throws -> String {
        guard FileManager.default.isExecutableFile(atPath: python) else { throw Failure() }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["-c", program]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure() }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
