import Foundation

/// A real `redis-server` with nothing in it, on a socket in a folder of its own and on a free port.
package final class RedisServer: @unchecked Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    private static let program = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map { "\($0)/redis-server" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    package static var isInstalled: Bool { program != nil }

    package let port: Int
    package let socket: String
    private let folder: TemporaryFolder
    private let options: [String]
    /// Started, killed and restarted by one test.
    private var process: Process?

    /// Starts a server with further options, such as `["--requirepass", "secret"]`, and returns when it answers.
    package init(_ options: [String] = []) throws {
        folder = try TemporaryFolder()
        socket = folder.path + "/redis.sock"
        // A port that is free a moment before it is needed.
        let free = try LoopbackSocket()
        port = free.port
        close(free.descriptor)
        self.options = options
        try start()
    }

    deinit { kill() }

    package var url: String { "redis://127.0.0.1:\(port)" }

    /// Starts it, or starts it again; what it held is gone.
    package func start() throws {
        guard let program = Self.program else { throw Failure(description: "there is no redis-server") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments =
            [
                "--port", String(port), "--bind", "127.0.0.1", "--unixsocket", socket, "--save", "", "--appendonly",
                "no",
                "--dir", folder.path,
            ] + options
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        let deadline = ContinuousClock.now + .seconds(120)
        while !FileManager.default.fileExists(atPath: socket) {
            guard process.isRunning, .now < deadline else { throw Failure(description: "redis-server did not start") }
            usleep(5000)
        }
    }

    /// Ends it as a crash does.
    package func kill() {
        guard let process else { return }
        signal(SIGKILL)
        process.waitUntilExit()
        self.process = nil
        try? FileManager.default.removeItem(atPath: socket)
    }

    /// Makes it hold its breath: it keeps its connections and answers nothing.
    package func pause() { signal(SIGSTOP) }
    package func resume() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        if let process { Foundation.kill(process.processIdentifier, number) }
    }
}
