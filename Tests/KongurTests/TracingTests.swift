import Foundation
import InMemoryTracing
import KongurTesting
import Testing
import Tracing

@testable import Kongur

struct TracingTests {
    private static let pebble = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Models/pebble").path

    /// A program that embeds the library and has a tracer of its own.
    @Test func answersAreSpansOfTheProgramsTracer() async throws {
        let tracer = SharedTracer.tracer
        let model = try await LanguageModel.load(Self.pebble)
        let result = try await withSpan("the program's own") { _ in
            try await model.answer("What is 2 + 2?", GenerationParameters(maxNewTokens: 300, temperature: 0))
        }
        // Others ask in this process, too.
        let deadline = ContinuousClock.now + .seconds(120)
        var span: FinishedInMemorySpan?
        while span == nil, ContinuousClock.now < deadline {
            let own = tracer.finishedSpans.first { $0.operationName == "the program's own" }
            span = tracer.finishedSpans.first { $0.parentSpanID == own?.spanID && own != nil }
            try await Task.sleep(for: .milliseconds(10))
        }
        let found = try #require(span)
        #expect(found.operationName == "chat pebble" && found.kind == .internal)
        var attributes: [String: SpanAttribute] = [:]
        found.attributes.forEach { attributes[$0] = $1 }
        #expect(attributes["gen_ai.usage.output_tokens"] == .int64(Int64(result.usage.completionTokens)))
        #expect(attributes["gen_ai.usage.input_tokens"] == .int64(Int64(result.usage.promptTokens)))
        #expect(attributes["gen_ai.response.finish_reasons"] == .stringArray(["stop"]))
    }
}
