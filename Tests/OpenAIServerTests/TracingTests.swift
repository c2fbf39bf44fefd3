import Foundation
import HTTPTypes
import InMemoryTracing
import KongurTesting
import Testing
import Tracing

@testable import OpenAIServer

@Suite(.serialized, .timeLimit(.minutes(10))) struct TracingTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let question: [String: any Sendable] = [
        "model": "pebble", "messages": [["role": "user", "content": "What is 2 + 2?"]], "max_tokens": 8,
    ]

    @Test(arguments: [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true),
        ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like", true),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", false),
        ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
        ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", false),
        ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false),
        ("00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01", false),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", false),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g", false), ("", false), ("---", false),
    ])
    func placesInTracesAreRead(_ header: String, _ isSound: Bool) {
        let place = TraceContext(header)
        #expect((place != nil) == isSound)
        guard let place else { return }
        #expect(place.traceID == Self.trace && place.flags == "01")
        let child = place.child()
        #expect(child.traceID == place.traceID && child.spanID != place.spanID)
        #expect(TraceContext(child.header) == child)
        #expect(TraceContext(TraceContext().header) != nil && TraceContext() != TraceContext())
    }

    /// The real server, which has no tracer: the client's trace is in its answers and its log.
    @Test func theTraceIsToldAndLogged() async throws {
        let server = try await RunningServer()
        let parent = "00-\(Self.trace)-b7ad6b7169203331-01"
        let headers = ["traceparent": parent, "tracestate": "a=1,b=2"]
        for more in [[:], ["stream": true], ["max_tokens": -1]] as [[String: any Sendable]] {
            let reply = try await server.post("/v1/chat/completions", Self.question.merging(more) { $1 }, headers)
            let told = try #require(reply.headers["traceresponse"].flatMap { TraceContext($0) })
            #expect(told.traceID == Self.trace && told.spanID != "b7ad6b7169203331" && told.flags == "01")
        }
        let own = try #require(try await server.get("/v1/models").headers["traceresponse"].flatMap { TraceContext($0) })
        #expect(own.traceID != Self.trace && own.flags == "00")
        let broken = try await server.get("/v1/models", ["traceparent": "00-\(Self.trace)-0-01\u{7F}"])
        #expect(broken.headers["traceresponse"]?.contains(Self.trace) != true)
        #expect(try await server.logs("trace_id=\(own.traceID)"))
        let logged = { server.log.components(separatedBy: "trace_id=\(Self.trace)").count - 1 }
        let deadline = ContinuousClock.now + .seconds(120)
        while logged() < 3, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        #expect(logged() == 3)
    }

    /// A server in this process, with a tracer.
    @Test func everyRequestIsASpan() async throws {
        let tracer = SharedTracer.tracer
        let device = ScriptedDevice(vocabularySize: ByteTokenizer.vocabularySize)
        try await ScriptedServer.run([device]) { server async throws in
            func ask(_ path: String, _ body: String) async throws -> Reply {
                let headers = [
                    InMemoryTracer.traceIDKey: "trace-of-one-client", InMemoryTracer.spanIDKey: "span-of-one-client",
                ]
                return try await server.ask("POST", path, headers, body)
            }
            let fields = #""model": "scripted", "max_tokens": 5, "temperature": 0.5, "seed": 3, "n": 2"#
            let message = #""messages": [{"role": "user", "content": "a secret"}]"#
            #expect(try await ask("/v1/chat/completions", "{\(fields), \(message)}").status == 200)
            #expect(
                try await ask(
                    "/v1/completions",
                    #"{"model": "scripted", "prompt": "x", "max_tokens": 3, "stream": true}"#
                )
                .status == 200
            )
            #expect(try await ask("/v1/completions", "{").status == 400)
        }
        // Other tests of this process have spans, too.
        func finished() -> [FinishedInMemorySpan] {
            tracer.finishedSpans.filter { $0.traceID == "trace-of-one-client" }
        }
        let deadline = ContinuousClock.now + .seconds(120)
        while finished().count < 3, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        let spans = finished()
        try #require(spans.count == 3)
        #expect(!tracer.activeSpans.contains { $0.traceID == "trace-of-one-client" })
        #expect(
            spans.allSatisfy {
                $0.traceID == "trace-of-one-client" && $0.parentSpanID == "span-of-one-client" && $0.kind == .server
            }
        )
        #expect(
            spans.map(\.operationName) == ["POST /v1/chat/completions", "POST /v1/completions", "POST /v1/completions"]
        )
        func attributes(_ span: FinishedInMemorySpan) -> [String: SpanAttribute] {
            var all: [String: SpanAttribute] = [:]
            span.attributes.forEach { all[$0] = $1 }
            return all
        }
        let chat = attributes(spans[0])
        for (name, value) in [
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "kongur", "gen_ai.request.model": "scripted",
            "gen_ai.request.max_tokens": 5, "gen_ai.request.choice.count": 2, "gen_ai.request.seed": 3,
            "gen_ai.usage.output_tokens": 10, "http.response.status_code": 200, "http.route": "/v1/chat/completions",
        ] as [String: SpanAttribute] {
            #expect(chat[name] == value, "\(name)")
        }
        #expect(chat["gen_ai.response.finish_reasons"] == .stringArray(["length", "length"]))
        #expect(chat["gen_ai.usage.input_tokens"] != nil && chat["gen_ai.response.time_to_first_chunk"] != nil)
        #expect(!"\(chat)".contains("secret"))
        let text = attributes(spans[1])
        #expect(text["gen_ai.operation.name"] == "text_completion" && text["gen_ai.usage.output_tokens"] == 3)
        #expect(attributes(spans[2])["http.response.status_code"] == 400 && spans[2].status == nil)
    }
}
