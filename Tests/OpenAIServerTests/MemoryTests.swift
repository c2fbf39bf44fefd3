import Foundation
import HTTPTypes
import KongurTesting
import Testing

@testable import OpenAIServer

/// The server holds to the memory that it may use, whatever it is sent.
@Suite(.serialized) struct MemoryTests {
    @Test func longRequestsShareTheirMemoryAndShortOnesHaveTheirOwn() throws {
        // Bodies may become 16 times as long: each has 2 KiB to itself, and two connections share 4 KiB.
        let memory = RequestMemory(connections: 2)
        var first: RequestMemory.Share? = RequestMemory.Share(memory)
        let second = RequestMemory.Share(memory)
        try first?.take(2000)
        try first?.take(3048)
        try second.take(3144)
        let error = #expect(throws: APIError.self) { try second.take(1) }
        #expect(error?.status == .serviceUnavailable && error?.retryAfter == 1)
        #expect(throws: APIError.self) { try first?.take(1) }
        try RequestMemory.Share(memory).take(2048)
        #expect(throws: APIError.self) { try RequestMemory.Share(memory).take(2049) }
        first = nil
        try second.take(100)
        // The only long one may take more than there is.
        try second.take(1_000_000)
        #expect(throws: APIError.self) { try RequestMemory.Share(memory).take(2049) }
        try RequestMemory.Share(memory).take(2000)
    }

    @Test func anImpossibleBudgetIsSaidAtTheStart() throws {
        let result = try KongurProgram().run("serve", "--port", "0", "--memory-mib", "30", limit: .seconds(30))
        #expect(result.status == 1)
        #expect(result.error.contains("30 MB (as was asked for)") && result.error.contains("connections 64 MB"))
    }

    /// Long bodies of the worst kind, many at once, beside answers that fill the cache.
    @Test func memoryStaysWithinItsBudget() async throws {
        let budget = 200
        let server = try await RunningServer("--memory-mib", "\(budget)", "--max-sequences", "16")
        #expect(server.log.contains("kongur: memory: ") && server.log.contains("of 200 MB (as was asked for)"))
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
        #expect(Set(statuses.keys).isSubset(of: [200, 400, 503]), "\(statuses)")
        #expect(server.isRunning)
        #expect(try server.highWater() <= budget << 20)
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
        #expect(refused.error.contains("50 MB (what the control group /sys/fs/cgroup leaves)"), "\(refused.error)")
        let told = try run(300 << 20, "doctor")
        #expect(
            told.output.contains("300 MB may be used: what the control group /sys/fs/cgroup leaves"),
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
