import Foundation

/// The built `kongur`, run as a person would run it.
package struct KongurProgram {
    package struct Result {
        package var status: Int32
        package var output: String
        package var error: String

        /// The output as one JSON object.
        package var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(output.utf8))) as? [String: Any] ?? [:]
        }
    }

    /// Further variables of the environment.
    package var environment: [String: String]

    package init(environment: [String: String] = [:]) {
        self.environment = environment
    }

    /// Beside the test program, where the package manager puts everything that it builds.
    package static let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("kongur").path

    /// Runs `kongur` to its end; one that takes longer than `limit` is ended and reports the status of that.
    package func run(_ arguments: String..., input: String = "", limit: Duration = .seconds(120)) throws -> Result {
        try run(Self.path, arguments, input: input, limit: limit)
    }

    package func run(_ arguments: [String], input: String = "") throws -> Result {
        try run(Self.path, arguments, input: input)
    }

    /// Runs `kongur` in a terminal, to which it writes all that it says, by way of Python.
    package func runInTerminal(_ arguments: [String], input: String) throws -> Result {
        let program = "import pty, sys; pty.spawn(sys.argv[1:])"
        return try run("/usr/bin/env", ["python3", "-c", program, Self.path] + arguments, input: input)
    }

    /// Runs another program, such as one that runs `kongur`.
    package func runProgram(_ path: String, _ arguments: [String]) throws -> Result {
        try run(path, arguments)
    }

    /// Runs `kongur` with arguments as a shell writes them, for those that are no text.
    package func runShell(_ arguments: String) throws -> Result {
        try run("/bin/sh", ["-c", "exec \(Self.path) \(arguments)"])
    }

    private func run(
        _ program: String,
        _ arguments: [String],
        input: String = "",
        limit: Duration = .seconds(120)
    ) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files, not pipes: a full pipe that nobody reads would stop the program.
        func file(_ name: String, _ text: String = "") throws -> (URL, FileHandle) {
            let url = folder.appendingPathComponent(name)
            try Data(text.utf8).write(to: url)
            return (url, try FileHandle(forUpdating: url))
        }
        let (_, input) = try file("input", input)
        let (outputFile, output) = try file("output")
        let (errorFile, error) = try file("error")
        process.standardInput = input
        process.standardOutput = output
        process.standardError = error
        try process.run()
        let deadline = ContinuousClock.now + limit
        while process.isRunning, ContinuousClock.now < deadline { usleep(2000) }
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
        func text(_ url: URL) throws -> String { String(decoding: try Data(contentsOf: url), as: UTF8.self) }
        return Result(status: process.terminationStatus, output: try text(outputFile), error: try text(errorFile))
    }
}

/// A folder that is gone when the test is over.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("kongur-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and returns its path.
    @discardableResult
    package func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        let url = URL(fileURLWithPath: path).appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url.path
    }
}
