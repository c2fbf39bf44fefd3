import Foundation
import KongurTesting
import NIOCore
import NIOHTTP1
import Testing

/// `--server` with servers that are not Kongur's, or that are none.
@Suite struct ServerOptionTests {
    private let kongur = KongurProgram(environment: ["OPENAI_API_KEY": ""])

    /// Runs `kongur` while other tasks go on.
    private func run(
        _ arguments: [String],
        input: String = "",
        inTerminal: Bool = false
    ) async throws -> KongurProgram.Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { [kongur] in
                continuation.resume(
                    with: Result {
                        inTerminal
                            ? try kongur.runInTerminal(arguments, input: input)
                            : try kongur.run(arguments, input: input)
                    }
                )
            }
        }
    }

    private static func json(_ body: String, _ status: HTTPResponseStatus = .ok) -> LocalServer.Reply {
        LocalServer.Reply(
            status: status,
            headers: [("Content-Type", "application/json")],
            body: [.bytes(Array(body.utf8))]
        )
    }

    /// A server that knows neither `ignore_eos` nor `stream_options`, counts nothing and passes the model's tags on.
    private static func simple(_ request: LocalServer.Request) -> LocalServer.Reply {
        let body = (try? JSONSerialization.jsonObject(with: Data(request.body))) as? [String: Any] ?? [:]
        if request.path == "/v1/models" { return json(#"{"data": [{"id": "tiny"}]}"#) }
        if let field = ["ignore_eos", "stream_options"].first(where: { body[$0] != nil }) {
            return json(#"{"error": {"message": "unknown field \#(field)"}}"#, .badRequest)
        }
        let messages = body["messages"] as? [[String: String]] ?? []
        let heard = messages.map { "\($0["role"] ?? ""):\($0["content"] ?? "")" }.joined(separator: "|")
        let pieces = ["<th", "ink>hm</think>\n", "\(heard)"]
            .map { text in
                let escaped = String(decoding: (try? JSONEncoder().encode(text)) ?? Data(), as: UTF8.self)
                return request.path == "/v1/completions"
                    ? #"{"choices": [{"text": \#(escaped)}]}"# : #"{"choices": [{"delta": {"content": \#(escaped)}}]}"#
            }
        return LocalServer.Reply(
            headers: [("Content-Type", "text/event-stream")],
            body: (pieces + ["[DONE]"]).map { .bytes(Array("data: \($0)\n\n".utf8)) }
        )
    }

    @Test func benchMakesDoWithALittle() async throws {
        let server = try await LocalServer { request, _ in Self.simple(request) }
        let result = try await run(["bench", "--server", server.address, "--requests", "4", "--prompt", "10", "--json"])
        await server.stop()
        #expect(result.status == 0, "\(result.error)")
        #expect(result.error.contains("does not take ignore_eos") && result.error.contains("counts no tokens"))
        #expect(result.json["tokens_counted_by"] as? String == "pieces")
        #expect(result.json["completed"] as? Int == 4 && result.json["prompt_tokens"] == nil)
        // All prompts differ, and each has its ten words.
        let bodies = server.requests.suffix(4).compactMap {
            (try? JSONSerialization.jsonObject(with: Data($0.body))) as? [String: Any]
        }
        let prompts = bodies.compactMap { $0["prompt"] as? String }
        #expect(Set(prompts).count == 4 && prompts.allSatisfy { $0.split(separator: " ").count == 10 })
    }

    @Test func chatSplitsThinkingAndKeepsTheConversation() async throws {
        let server = try await LocalServer { request, _ in Self.chatty(request) }
        let result = try await run(
            ["chat", "--server", server.address, "--system", "S", "--model", "m"],
            input: "one\ntwo\n/clear\nthree\n"
        )
        await server.stop()
        #expect(result.status == 0, "\(result.error)")
        // No thinking is shown, and none of it is part of what was said.
        #expect(
            result.output.split(separator: "\n") == [
                "system:S|user:one", "system:S|user:one|assistant:system:S|user:one|user:two", "system:S|user:three",
            ],
            "\(result.output)"
        )
    }

    /// The simple server, but for `stream_options`.
    private static func chatty(_ request: LocalServer.Request) -> LocalServer.Reply {
        var request = request
        var body = (try? JSONSerialization.jsonObject(with: Data(request.body))) as? [String: Any] ?? [:]
        body["stream_options"] = nil
        request.body = Array((try? JSONSerialization.data(withJSONObject: body)) ?? Data())
        return simple(request)
    }

    @Test func interruptingStopsTheAnswerAndNotTheProgram() async throws {
        let server = try await LocalServer { request, earlier in
            let isFirst = !earlier.contains { $0.path == request.path }
            let end = LocalServer.Piece.bytes(Array("data: [DONE]\n\n".utf8))
            return LocalServer.Reply(
                headers: [("Content-Type", "text/event-stream")],
                body: [
                    .bytes(
                        Array(#"data: {"choices": [{"delta": {"content": "a long answer begins"}}]}"#.utf8 + [10, 10])
                    ),
                    isFirst ? .pause(.seconds(60)) : end, end,
                ]
            )
        }
        let (chat, input, output, errors) = (Process(), Pipe(), Pipe(), Pipe())
        chat.executableURL = URL(fileURLWithPath: KongurProgram.path)
        chat.arguments = ["chat", "--server", server.address, "--model", "m"]
        (chat.standardInput, chat.standardOutput, chat.standardError) = (input, output, errors)
        try chat.run()
        let said = try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try input.fileHandleForWriting.write(contentsOf: Data("one\n".utf8))
                        let first = output.fileHandleForReading.availableData
                        chat.interrupt()
                        // Said when the first answer has ended.
                        var note = Data()
                        while !String(decoding: note, as: UTF8.self).contains("stopped") {
                            let more = errors.fileHandleForReading.availableData
                            if more.isEmpty { break }
                            note += more
                        }
                        try input.fileHandleForWriting.write(contentsOf: Data("two\n".utf8))
                        try input.fileHandleForWriting.close()
                        let rest = output.fileHandleForReading.readDataToEndOfFile()
                        chat.waitUntilExit()
                        return [first, note, rest].map { String(decoding: $0, as: UTF8.self) }
                    }
                )
            }
        }
        await server.stop()
        #expect(chat.terminationStatus == 0)
        #expect(said[0] == "a long answer begins")
        #expect(said[1].contains("stopped"))
        #expect(said[2] == "\na long answer begins\n")
        // What was stopped was not said.
        let last = try #require(server.requests.last)
        #expect(
            String(decoding: last.body, as: UTF8.self).contains(#""messages":[{"content":"two","role":"user"}]"#)
                || String(decoding: last.body, as: UTF8.self).contains(#""messages":[{"role":"user","content":"two"}]"#)
        )
    }

    @Test func whatAModelSaysIsNoCommandToTheTerminal() async throws {
        let event = #"data: {"choices": [{"delta": {"content": "a\u001b[2Jb\u009bc\td"}, "finish_reason": "stop"}]}"#
        let server = try await LocalServer { _, _ in
            LocalServer.Reply(
                headers: [("Content-Type", "text/event-stream")],
                body: [.bytes(Array("\(event)\n\ndata: [DONE]\n\n".utf8))]
            )
        }
        let chat = ["chat", "--server", server.address, "--model", "m"]
        let result = try await run(chat, input: "hi\n/quit\n", inTerminal: true)
        await server.stop()
        #expect(result.output.contains("a[2Jbc\td"), "\(result.output.debugDescription)")
    }

    @Test func whatIsNoServerIsSaid() async throws {
        let page = try await LocalServer { _, _ in
            LocalServer.Reply(headers: [("Content-Type", "text/html")], body: [.bytes(Array("<html>".utf8))])
        }
        let gone = try await LocalServer { _, _ in LocalServer.Reply() }
        await gone.stop()
        for command in ["chat", "bench"] {
            let html = try await run([command, "--server", page.address])
            #expect(html.status == 1 && html.error.contains("no list of models") && html.error.contains("<html>"))
            let nobody = try await run([command, "--server", gone.address])
            #expect(nobody.status == 1 && nobody.error.contains("cannot connect to \(gone.address)"), "\(nobody.error)")
        }
        await page.stop()
    }

    @Test(arguments: [
        ["chat", "pebble", "--server", "http://x"], ["chat", "--server", "http://x", "--quantize", "int8"],
        ["chat", "--model", "m"], ["chat", "--server", "x"], ["bench", "--clients", "2"],
        ["bench", "--server", "http://x", "--batch", "2"],
        ["bench", "--server", "http://x", "--clients", "2", "--rate", "1"],
        ["bench", "--server", "http://x", "--clients", "0"], ["bench", "--server", "http://x", "--rate", "nan"],
        ["bench", "--server", "http://x", "--prompt", "4", "--shared-prefix", "5"],
        ["chat", "--server", "http://x", "--api-key", "a b"],
    ])
    func wrongOptionsAreStatusTwo(_ arguments: [String]) async throws {
        let result = try await run(arguments)
        #expect(result.status == 2 && result.error.hasPrefix("kongur: error: "), "\(arguments): \(result.error)")
    }
}
