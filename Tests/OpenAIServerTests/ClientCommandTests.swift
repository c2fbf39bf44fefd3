import Foundation
import KongurTesting
import Testing

/// `kongur chat --server` and `kongur bench --server` with the real server.
@Suite struct ClientCommandTests {
    private func kongur(_ arguments: [String], key: String = "", input: String = "") async throws
        -> KongurProgram.Result
    {
        try await blocking {
            try KongurProgram(environment: ["OPENAI_API_KEY": key]).run(arguments, input: input)
        }
    }

    @Test func chatsWithAServersModel() async throws {
        let server = try await RunningServer()
        let url = "http://127.0.0.1:\(server.port)"
        let questions = "What is 47 + 385?\nWhat is 2 + 2?\n/clear\nWhat is 47 + 385?\n/quit\n"
        let chat = try await kongur(["chat", "--server", url, "--temperature", "0"], input: questions)
        #expect(chat.status == 0, "\(chat.error)")
        #expect(chat.error.contains("pebble at \(url)/v1"))
        let answers = chat.output.split(separator: "\n")
        #expect(answers.count == 3 && answers.first == #"The answer is \boxed{432}."#, "\(chat.output)")
        // After /clear the same question is the first one again; the thinking is folded away.
        #expect(answers.last == answers.first)
        #expect(chat.error.contains("tokens/s"))

        // The conversation is what a local one is.
        let local = try await kongur(["chat", "--temperature", "0"], input: questions)
        #expect(local.output == chat.output)

        // What the server refuses ends the answer and not the conversation.
        let long = String(repeating: "word ", count: 5000) + "\nWhat is 47 + 385?\n"
        let refused = try await kongur(["chat", "--server", url, "--temperature", "0"], input: long)
        #expect(refused.status == 0 && refused.error.contains("kongur: error: ") && refused.error.contains(" 400 "))
        #expect(refused.output == "The answer is \\boxed{432}.\n")

        let thinking = try await kongur(
            ["chat", "--server", url, "--temperature", "0", "--show-thinking"],
            input: "What is 47 + 385?\n"
        )
        #expect(thinking.output.count > chat.output.count && thinking.output.hasSuffix("\\boxed{432}.\n"))
        // Options for sampling go along.
        let budget = try await kongur(
            ["chat", "--server", url, "--temperature", "0", "--show-thinking", "--thinking-budget", "5"],
            input: "What is 47 + 385?\n"
        )
        #expect(budget.output.count < thinking.output.count && budget.status == 0)
    }

    @Test func measuresAServerUnderAClosedLoop() async throws {
        let server = try await RunningServer("--max-sequences", "4")
        let result = try await kongur([
            "bench", "--server", "http://127.0.0.1:\(server.port)", "--clients", "3", "--requests", "12", "--prompt",
            "96",
            "--shared-prefix", "48", "--generate", "20", "--goal-ttft", "60000", "--goal-itl", "60000", "--seed", "1",
            "--json",
        ])
        #expect(result.status == 0, "\(result.error)")
        let report = result.json
        #expect(report["completed"] as? Int == 12 && report["requests"] as? Int == 12)
        #expect((report["failures"] as? [Any])?.isEmpty == true)
        #expect(report["tokens_counted_by"] as? String == "usage")
        #expect(report["output_tokens"] as? Double == 20)
        // Prompts are as long as asked for, within what single words differ, and share what was asked for and no more.
        let prompt = try #require(report["prompt_tokens"] as? Double)
        #expect((86...106).contains(prompt), "\(prompt)")
        let cached = try #require(report["cached_tokens"] as? Double)
        #expect((16...64).contains(cached), "\(cached)")
        for name in ["ttft_ms", "itl_ms", "time_per_token_ms", "e2e_ms"] {
            let values = try #require(report[name] as? [String: Double])
            let ordered = ["p50", "p90", "p99", "max"].compactMap { values[$0] }
            #expect(ordered.count == 4 && ordered == ordered.sorted() && ordered[3] > 0, "\(name)")
        }
        #expect(report["goodput"] as? Double == 1)
        // The server's own count agrees.
        let status = try await server.get("/admin/status").json
        #expect(status["generated_tokens"] as? Int ?? 0 >= 240)
    }

    @Test func measuresAServerUnderAnOpenLoopAndCountsRefusals() async throws {
        let server = try await RunningServer("--max-sequences", "1", "--max-queued-requests", "1")
        let result = try await kongur([
            "bench", "--server", "http://127.0.0.1:\(server.port)", "--rate", "200", "--requests", "60", "--prompt",
            "16",
            "--generate", "400", "--chat", "--goal-ttft", "0.001", "--seed", "1", "--json",
        ])
        #expect(result.status == 0, "\(result.error)")
        let failures = try #require(result.json["failures"] as? [[String: Any]])
        #expect(failures.map { $0["kind"] as? String } == ["429"])
        let completed = try #require(result.json["completed"] as? Int)
        #expect(completed >= 2 && completed + (failures.first?["count"] as? Int ?? 0) == 60)
        #expect(result.json["output_tokens"] as? Double == 400)
        #expect(result.json["goodput"] as? Double == 0)
    }

    @Test func keysAreAskedForAndSent() async throws {
        let folder = try TemporaryFolder()
        let keys = folder.path + "/keys.txt"
        let added = try await kongur(["keys", "add", keys, "ann"])
        let key = try #require(
            added.output.split(whereSeparator: \.isWhitespace).first { $0.count > 20 }.map(String.init)
        )
        let server = try await RunningServer("--keys-file", keys)
        let bench = [
            "bench", "--server", "http://127.0.0.1:\(server.port)", "--requests", "1", "--generate", "2", "--json",
        ]
        let without = try await kongur(bench)
        #expect(
            without.status == 1 && without.error.contains("give --api-key, or set OPENAI_API_KEY"),
            "\(without.error)"
        )
        let wrong = try await kongur(bench, key: "wrong")
        #expect(wrong.status == 1 && wrong.error.contains("does not take this key"), "\(wrong.error)")
        #expect(try await kongur(bench, key: key).status == 0)
        #expect(try await kongur(bench + ["--api-key", key], key: "wrong").status == 0)
    }
}
