import Foundation
import HTTPTypes
import KongurTesting
import Testing

@testable import OpenAIServer

/// The server holds to the memory that it may use, whatever it is sent.
@Suite(.serialized) struct MemoryTests {
    @Test func anImpossibleBudgetIsSaidAtTheStart() throws {
        let result = try KongurProgram().run("serve", "--port", "0", "--memory-mib", "30", limit: .seconds(30))
        #expect(result.status == 1)
        #expect(result.error.contains("30 MiB (as was asked for)") && result.error.contains("connections 64 MiB"))
    }

    /// Long bodies of the worst kind, many at once, beside answers that fill the cache.
    @Test func memoryStaysWithinItsBudget() async throws {
        let budget = 200
        let server = try await RunningServer("--memory-mib", "\(budget)", "--max-sequences", "16")
        #expect(server.log.contains("kongur: memory: ") && server.log.contains("of 200 MiB (as was asked for)"))
        let body = Data((#"{"model": "pebble", "prompt": ["# + String(repeating: "1,", count: 400_000) + "1]}").utf8)
        let long: [String: Any] = ["model": "pebble", "prompt": "1+1=", "ignore_eos": true, "max_tokens": 300]
        let answer = try JSONSerialization.data(withJSONObject: long)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<48 {
                let data = index % 2 == 0 ? body : answer
                group.addTask { try await server.post("/v1/completions", data).status }
            }
            return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(statuses[200] == 24, "\(statuses)")
        #expect(Set(statuses.keys).isSubset(of: [200, 400, 413, 503]), "\(statuses)")
        #expect(server.isRunning)
        #expect(try server.highWater() <= budget << 20)
    }

    /// Clients that ask for much and read nothing, with the answers kept and without.
    @Test func answersThatNobodyReadsStayWithinTheBudget() async throws {
        let budget = 320
        let server = try await RunningServer(
            "--memory-mib",
            "\(budget)",
            "--max-sequences",
            "64",
            "--max-connections",
            "128",
            "--write-timeout",
            "60",
            cache: "memory"
        )
        let port = server.port
        let readers = try await blocking {
            try (0..<40).map { index in
                var body: [String: Any] = [
                    "model": "pebble", "prompt": "\(index)+1=", "ignore_eos": true, "max_tokens": 300, "n": 8,
                    "stream": index % 4 != 3, "logprobs": 5, "temperature": 1.0,
                ]
                if index % 2 == 0 { body["seed"] = index }
                let client = try Client(port: port, receiving: 4096)
                let data = try JSONSerialization.data(withJSONObject: body)
                try client.send(RunningServer.message("POST", "/v1/completions", body: data))
                return client
            }
        }
        // All that is asked for is drawn, whoever reads it.
        let status = try await server.status(within: .seconds(240)) {
            $0["admitted"] as? Int == 0 && $0["generated_tokens"] as? Int ?? 0 > 0
        }
        #expect(status["admitted"] as? Int == 0)
        #expect(try server.highWater() <= budget << 20)
        // Others are answered, and the server lives.
        let reply = try await server.post("/v1/completions", ["model": "pebble", "prompt": "1+1=", "max_tokens": 4])
        #expect(reply.status == 200)
        #expect(try await server.get("/health/live").status == 200)
        withExtendedLifetime(readers) {}
    }

    /// With the files of a control group mounted over the machine's.
    @Test(.enabled(if: Mounts.areAllowed, "needs the right to mount")) func aControlGroupIsTheLimit() throws {
        let folder = try TemporaryFolder()
        func run(_ limit: Int, _ arguments: String) throws -> KongurProgram.Result {
            try folder.write(Array("\(limit)\n".utf8), to: "memory.max")
            return try Mounts.run(folder.path, over: "/sys/fs/cgroup", "'\(KongurProgram.path)' \(arguments)")
        }
        let refused = try run(50 << 20, "serve --port 0")
        #expect(refused.status == 1)
        #expect(refused.error.contains("50 MiB (what the control group /sys/fs/cgroup leaves)"), "\(refused.error)")
        let told = try run(300 << 20, "doctor")
        #expect(
            told.output.contains("300 MiB may be used: what the control group /sys/fs/cgroup leaves"),
            "\(told.output)"
        )
        let answered = try run(300 << 20, "run 'What is 2 + 2?'")
        #expect(answered.status == 0 && answered.output.contains("boxed{4}"), "\(answered.error)")
    }
}

/// Running programs with a folder mounted over another one, which they alone see.
private enum Mounts {
    static let areAllowed = (try? run("/tmp", over: "/mnt", "true"))?.status == 0

    static func run(_ folder: String, over place: String, _ command: String) throws -> KongurProgram.Result {
        let shell = "mount --bind '\(folder)' '\(place)' && exec \(command)"
        return try KongurProgram().runProgram("/usr/bin/env", ["unshare", "--mount", "sh", "-c", shell])
    }
}
