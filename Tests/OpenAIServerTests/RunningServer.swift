import Foundation
import KongurTesting
import Testing

/// The real `kongur serve` with the bundled model, on a free port of this machine.
final class RunningServer: Sendable {
    let port: Int
    private let process: Process
    private let folder: TemporaryFolder
    private let unreadLog: Pipe?

    /// Starts a server and returns when it listens.
    ///
    /// Without a `cache` every request is computed, also one that was asked before. Without `readsLog` nobody reads what it
    /// logs after that, as with a terminal that was stopped. `openFiles` is the most that it may open, and `ignoring` names a
    /// signal that it is started to ignore.
    init(
        _ arguments: String...,
        cache: String = "off",
        environment: [String: String] = [:],
        readsLog: Bool = true,
        openFiles: Int? = nil,
        ignoring signal: String? = nil
    ) async throws {
        folder = try TemporaryFolder()
        process = Process()
        let limit = openFiles.map { "ulimit -n \($0); " } ?? ""
        let trap = signal.map { "trap '' \($0); " } ?? ""
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments =
            ["-c", "\(limit)\(trap)exec \"$0\" \"$@\"", KongurProgram.path]
            + ["serve", "--port", "0", "--response-cache", cache] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = FileHandle.nullDevice
        let log = try folder.write([], to: "log")
        let pipe = Pipe()
        if readsLog {
            process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        } else {
            process.standardError = pipe
        }
        unreadLog = readsLog ? nil : pipe
        try process.run()
        var text = ""
        // Long where every suite begins at once on two cores.
        let deadline = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < deadline, process.isRunning {
            text =
                readsLog
                ? Self.text(log) : text + String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
            if let line = text.split(separator: "\n").first(where: { $0.contains(" answers at ") }),
                let port = line.split(separator: ":").last.flatMap({ Int($0.prefix { $0 != "/" }) })
            {
                self.port = port
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        process.terminate()
        throw ServerFailure(description: "the server did not start: \(text)")
    }

    deinit { if process.isRunning { kill() } }

    /// What it has written to standard error.
    var log: String { Self.text(folder.path + "/log") }
    var isRunning: Bool { process.isRunning }

    /// The most bytes that it has held at once, files that it maps included.
    func highWater() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        guard let digits = status.firstMatch(of: /VmHWM:\s+(\d+) kB/)?.1, let kibibytes = Int(digits) else {
            throw ServerFailure(description: "the system does not say how much memory the server holds")
        }
        return kibibytes << 10
    }

    /// Ends it as a crash does.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Asks it to end, as an operator does.
    func terminate() { process.terminate() }

    /// What a terminal sends when it is closed.
    func hangUp() { Foundation.kill(process.processIdentifier, SIGHUP) }

    /// Sends bytes and reads until the server closes the connection.
    func exchange(_ bytes: Data) async throws -> String {
        try await blocking { [port] in
            let client = try Client(port: port)
            try client.send(bytes)
            return String(decoding: try client.readToEnd(), as: UTF8.self)
        }
    }

    /// Waits for its end and returns its status.
    func ended(within limit: Duration) async throws -> Int32 {
        let deadline = ContinuousClock.now + limit
        while process.isRunning {
            guard ContinuousClock.now < deadline else { throw ServerFailure(description: "the server did not end") }
            try await Task.sleep(for: .milliseconds(10))
        }
        return process.terminationStatus
    }

    func get(_ path: String, _ headers: [String: String] = [:]) async throws -> Reply {
        try await request("GET", path, headers, body: nil)
    }

    func post(_ path: String, _ body: [String: Any], _ headers: [String: String] = [:]) async throws -> Reply {
        try await post(path, JSONSerialization.data(withJSONObject: body), headers)
    }

    func post(_ path: String, _ body: Data, _ headers: [String: String] = [:]) async throws -> Reply {
        try await request("POST", path, headers, body: body)
    }

    func request(_ method: String, _ path: String, _ headers: [String: String], body: Data?) async throws -> Reply {
        let bytes = Self.message(method, path, headers, body: body)
        return try await blocking { [port] in
            let client = try Client(port: port)
            try client.send(bytes)
            return try Reply(client.readToEnd())
        }
    }

    /// A request as bytes, after whose answer the connection is closed.
    static func message(_ method: String, _ path: String, _ headers: [String: String] = [:], body: Data?) -> Data {
        var fields = ["Host": "localhost", "Connection": "close"].merging(headers) { $1 }
        if let body { fields["Content-Length"] = String(body.count) }
        let lines = fields.map { "\($0): \($1)\r\n" }.sorted().joined()
        return Data("\(method) \(path) HTTP/1.1\r\n\(lines)\r\n".utf8) + (body ?? Data())
    }

    /// Whether it logs that before the time is over: lines are written after what they tell of.
    func logs(_ text: String, within limit: Duration = .seconds(120)) async throws -> Bool {
        let deadline = ContinuousClock.now + limit
        while !log.contains(text) {
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(10))
        }
        return true
    }

    /// `/admin/status`, when it says what is expected before the time is over, and in any case at the end.
    func status(within limit: Duration, _ isExpected: ([String: Any]) -> Bool) async throws -> [String: Any] {
        let deadline = ContinuousClock.now + limit
        while true {
            let status = try await get("/admin/status").json
            if isExpected(status) || ContinuousClock.now > deadline { return status }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}

struct ServerFailure: Error, CustomStringConvertible {
    var description: String
}

/// Runs what blocks on a thread that may.
func blocking<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Swift.Result { try work() }) }
        thread.start()
    }
}

/// An answer over HTTP/1.1.
struct Reply: Sendable {
    var status: Int
    var headers: [String: String] = [:]
    var body: Data

    init(_ bytes: Data) throws {
        guard let end = bytes.range(of: Data("\r\n\r\n".utf8)) else {
            throw ServerFailure(description: "no answer: \(String(decoding: bytes, as: UTF8.self))")
        }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        status = Int(lines[0].split(separator: " ")[1]) ?? 0
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        body = Data(bytes[end.upperBound...])
        if headers["transfer-encoding"] == "chunked" { body = try Self.joined(chunks: body) }
    }

    private static func joined(chunks: Data) throws -> Data {
        var (rest, body) = (chunks[...], Data())
        while let end = rest.range(of: Data("\r\n".utf8)) {
            guard let count = Int(String(decoding: rest[..<end.lowerBound], as: UTF8.self), radix: 16),
                end.upperBound + count + 2 <= rest.endIndex
            else { throw ServerFailure(description: "a chunk is cut short") }
            if count == 0 { return body }
            body += rest[end.upperBound..<end.upperBound + count]
            rest = rest[(end.upperBound + count + 2)...]
        }
        throw ServerFailure(description: "the answer has no end: \(String(decoding: body, as: UTF8.self))")
    }

    var text: String { String(decoding: body, as: UTF8.self) }

    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:]
    }

    /// The error of a refused request.
    var error: [String: Any] { json["error"] as? [String: Any] ?? [:] }

    /// The payloads of a stream, `[DONE]` left out.
    var events: [[String: Any]] {
        text.components(separatedBy: "\n\n").filter { $0.hasPrefix("data: {") }.compactMap {
            (try? JSONSerialization.jsonObject(with: Data($0.dropFirst(6).utf8))) as? [String: Any]
        }
    }
}

/// A connection that is used as badly as a client can.
final class Client: Sendable {
    private let socket: Int32

    /// `source` is the address that the connection comes from; `receiving` the bytes that wait here, unread, at most.
    init(port: Int, source: String? = nil, receiving: Int32? = nil) throws {
        #if os(Linux)
            socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var limit = timeval(tv_sec: 300, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        if var size = receiving {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        if let source {
            var own = sockaddr_in()
            own.sin_family = sa_family_t(AF_INET)
            own.sin_addr.s_addr = inet_addr(source)
            let status = withUnsafePointer(to: &own) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard status == 0 else { throw ServerFailure(description: "cannot bind to \(source)") }
        }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            throw ServerFailure(description: "cannot connect: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(socket) }

    func send(_ data: Data) throws {
        var rest = data[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else {
                throw ServerFailure(description: "cannot send: \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// What comes next; nothing at the end.
    func read() throws -> Data {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(socket, &buffer, buffer.count, 0)
        guard count >= 0 else { throw ServerFailure(description: "cannot read: \(String(cString: strerror(errno)))") }
        return Data(buffer.prefix(count))
    }

    func readToEnd() throws -> Data {
        var all = Data()
        while true {
            let next = try read()
            if next.isEmpty { return all }
            all += next
        }
    }

    /// Says that nothing more will be sent.
    func halfClose() { shutdown(socket, Int32(SHUT_WR)) }

    /// Makes the end of this connection a reset.
    func resetAtEnd() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }
}
