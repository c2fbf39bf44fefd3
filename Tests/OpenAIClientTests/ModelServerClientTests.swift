import Foundation
import KongurTesting
import NIOCore
import NIOHTTP1
import OpenAIClient
import Testing

@Suite struct ModelServerClientTests {
    private static func events(_ data: String...) -> LocalServer.Reply {
        LocalServer.Reply(
            headers: [("Content-Type", "text/event-stream")],
            body: data.map { .bytes(Array("data: \($0)\n\n".utf8)) }
        )
    }

    private static func text(_ status: HTTPResponseStatus, _ body: String, type: String = "application/json")
        -> LocalServer.Reply
    {
        LocalServer.Reply(status: status, headers: [("Content-Type", type)], body: [.bytes(Array(body.utf8))])
    }

    /// What comes of asking a server that answers like this.
    private func ask(
        _ request: AnswerRequest = AnswerRequest(model: "m", input: .prompt("1+1=")),
        key: String? = nil,
        _ answer: @escaping LocalServer.Answer
    ) async throws -> (chunks: [AnswerChunk], requests: [LocalServer.Request]) {
        let server = try await LocalServer(answer)
        do {
            let chunks = try await ModelServerClient.with(ServerAddress(server.address), key: key) { client in
                try await client.stream(request).reduce(into: [AnswerChunk]()) { $0.append($1) }
            }
            await server.stop()
            return (chunks, server.requests)
        } catch {
            await server.stop()
            throw error
        }
    }

    private func failure(key: String? = nil, _ reply: LocalServer.Reply) async -> OpenAIClientError? {
        do {
            let outcome = try await ask(key: key) { _, _ in reply }
            Issue.record("no error, but \(outcome.chunks)")
            return nil
        } catch {
            return error as? OpenAIClientError
        }
    }

    @Test func theRequestIsOpenAIs() async throws {
        var request = AnswerRequest(model: "m", input: .messages([.init(role: "user", content: "hi")]))
        request.maxTokens = 5
        request.ignoreEOS = true
        let asked = try await ask(request, key: "secret") { _, _ in Self.events("[DONE]") }.requests[0]
        #expect(asked.method == "POST" && asked.path == "/v1/chat/completions")
        #expect(asked.headers.first(name: "Authorization") == "Bearer secret")
        #expect(asked.headers.first(name: "Connection") == "close")
        let body = try #require(try JSONSerialization.jsonObject(with: Data(asked.body)) as? NSDictionary)
        let expected: NSDictionary = [
            "model": "m", "messages": [["role": "user", "content": "hi"]], "max_tokens": 5, "ignore_eos": true,
            "stream": true, "stream_options": ["include_usage": true],
        ]
        #expect(body == expected)
    }

    /// Each server has its own way to say the same.
    @Test func textThinkingAndUsageAreFoundInEveryForm() async throws {
        let chunks = try await ask { _, _ in
            Self.events(
                #"{"choices": [{"delta": {"role": "assistant", "content": null}}]}"#,
                #"{"choices": [{"index": 0, "delta": {"reasoning_content": "hm", "reasoning": "hm"}}]}"#,
                #"{"choices": [{"index": 0, "delta": {"reasoning": "so"}}], "usage": null}"#,
                #"{"choices": [{"index": 1, "delta": {"content": "other"}}, {"index": 0, "delta": {"content": "2"}}]}"#,
                #"{"choices": [{"text": "!", "finish_reason": "stop"}], "timings": "soon"}"#,
                #"{"choices": [], "timings": {"predicted_per_second": 50.5, "prompt_ms": 1}, "usage": {"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}}}"#,
                "[DONE]"
            )
        }.chunks
        #expect(chunks.map(\.reasoning).joined() == "hmso")
        #expect(chunks.map(\.text).joined() == "2!")
        #expect(chunks.compactMap(\.finishReason) == ["stop"])
        #expect(chunks.last?.usage == AnswerChunk.Usage(promptTokens: 3, completionTokens: 4, cachedTokens: 2))
        #expect(chunks.compactMap(\.tokensPerSecond) == [50.5])
    }

    @Test(arguments: [
        (#"{"error": {"message": "too\nlong", "code": null}}"#, "too long"), (#"{"error": "no such"}"#, "no such"),
        (#"{"object": "error", "message": "bad"}"#, "bad"), (#"{"detail": "wrong"}"#, "wrong"),
        ("<html>\u{1b}[2J", "<html> [2J"),
        (#"{"error": {}}"#, "no reason given"),
    ])
    func errorsAreToldInTheServersWords(_ body: String, _ words: String) async throws {
        let error = await failure(Self.text(.badRequest, body))
        #expect(error?.code == .refused && error?.status == 400)
        #expect(error?.message.hasSuffix("answers 400 Bad Request: \(words)") == true, "\(error?.message ?? "")")
    }

    @Test func aRefusedKeySaysWhatToDo() async throws {
        #expect(await failure(Self.text(.unauthorized, "{}"))?.message.contains("give --api-key") == true)
        let error = await failure(key: "k3y", Self.text(.unauthorized, "{}"))
        #expect(error?.message.contains("does not take this key") == true && error?.message.contains("k3y") == false)
    }

    @Test func aBusyServerSaysWhenToCome() async throws {
        var reply = Self.text(.tooManyRequests, "{}")
        reply.headers.append(("Retry-After", "7"))
        #expect(await failure(reply)?.retryAfter == .seconds(7))
    }

    @Test func whatIsNoStreamIsRefused() async throws {
        #expect(await failure(Self.text(.ok, "<html>", type: "text/html"))?.code == .invalidResponse)
        #expect(await failure(Self.text(.ok, #"{"error": "later"}"#))?.message.hasSuffix("error: later") == true)
        #expect(await failure(Self.events("{\"choi"))?.code == .invalidResponse)
        #expect(await failure(Self.events(String(repeating: "x", count: 2 << 20)))?.code == .invalidResponse)
        let redirect = LocalServer.Reply(status: .found, headers: [("Location", "http://127.0.0.1:1/")])
        #expect(await failure(redirect)?.status == 302)
    }

    /// However much of an answer has come, without its end it is none.
    @Test func answersThatBreakOffAreErrors() async throws {
        let piece = #"{"choices": [{"text": "half"}]}"#
        #expect(await failure(Self.events(piece))?.code == .brokenOff)
        var dropped = Self.events(piece)
        dropped.body.append(.drop)
        #expect(await failure(dropped)?.code == .brokenOff)
        #expect(await failure(LocalServer.Reply(body: [.drop]))?.code == .connectionLost)
        let told = await failure(Self.events(piece, #"{"error": {"message": "out of memory"}}"#))
        #expect(told?.code == .refused && told?.message.contains("out of memory") == true)
        // Not every server says [DONE].
        let finished = try await ask { _, _ in Self.events(#"{"choices": [{"text": "x", "finish_reason": "stop"}]}"#) }
        #expect(finished.chunks.count == 1)
    }

    @Test func aServerThatIsNotThereIsUnreachable() async throws {
        let server = try await LocalServer { _, _ in Self.events() }
        await server.stop()
        let error = await #expect(throws: OpenAIClientError.self) {
            try await ModelServerClient.with(ServerAddress(server.address), key: nil) { try await $0.models() }
        }
        #expect(error?.code == .unreachable && error?.message.contains("\(server.port)") == true)
    }

    @Test func modelsAreListed() async throws {
        let server = try await LocalServer { request, _ in
            request.path == "/v3/models"
                ? Self.text(.ok, #"{"data": [{"id": "a"}, {"id": "b"}]}"#) : Self.text(.ok, "[]")
        }
        let models = try await ModelServerClient.with(ServerAddress(server.address + "/v3/"), key: nil) {
            try await $0.models()
        }
        #expect(models == ["a", "b"])
        let error = await #expect(throws: OpenAIClientError.self) {
            try await ModelServerClient.with(ServerAddress(server.address), key: nil) { try await $0.models() }
        }
        #expect(error?.code == .invalidResponse)
        await server.stop()
    }

    /// A client that gives up closes its connection, so that the server stops writing.
    @Test func cancellingClosesTheConnection() async throws {
        let piece = LocalServer.Piece.bytes(Array("data: {\"choices\": [{\"text\": \"x\"}]}\n\n".utf8))
        let server = try await LocalServer { _, _ in
            LocalServer.Reply(
                headers: [("Content-Type", "text/event-stream")],
                body: [piece, .pause(.seconds(60)), piece]
            )
        }
        let (came, source) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await ModelServerClient.with(ServerAddress(server.address), key: nil) { client in
                for try await _ in try await client.stream(AnswerRequest(model: "m", input: .prompt("x"))) {
                    source.yield()
                }
            }
        }
        for await _ in came { break }
        task.cancel()
        let started = ContinuousClock.now
        let error = await #expect(throws: OpenAIClientError.self) { try await task.value }
        #expect(error?.code == .cancelled && .now - started < .seconds(60))
        await server.stop()
    }

    @Test(arguments: ["localhost:8000", "ftp://x", "http://", "http://u:p@x/", "http://x/v1?a=b", "http://x/ö", ""])
    func addressesThatAreNoneAreRefused(_ text: String) {
        let error = #expect(throws: OpenAIClientError.self) { try ServerAddress(text) }
        #expect(error?.code == .invalidAddress)
    }

    @Test(arguments: [
        ("http://localhost:8000", "http://localhost:8000/v1"), ("https://a.b/", "https://a.b/v1"),
        ("http://x/v3", "http://x/v3"), ("http://x/api/v1//", "http://x/api/v1"),
        ("http://[::1]:80", "http://[::1]:80/v1"),
    ])
    func addressesWithoutAPathGetOpenAIs(_ text: String, _ address: String) throws {
        #expect(try ServerAddress(text).description == address)
    }
}
