import HTTPTypes
import Instrumentation
import Tracing

/// A request's span, and its place in the trace that the client may have begun.
struct RequestTrace: Sendable {
    /// Of the tracer that the program has bootstrapped; otherwise one that records nothing.
    let span: any Span
    /// What logs and the client are told.
    let place: TraceContext

    init(_ headers: HTTPFields, name: String) {
        var context = InstrumentationContext.topLevel
        InstrumentationSystem.instrument.extract(headers, into: &context, using: HeaderExtractor())
        span = startSpan(name, context: context, ofKind: .server)
        var written: [String: String] = [:]
        InstrumentationSystem.instrument.inject(span.context, into: &written, using: DictionaryInjector())
        let asked = headers[.traceparent].flatMap { TraceContext($0) }
        // The tracer's own word where it speaks W3C's language.
        place = written["traceparent"].flatMap { TraceContext($0) } ?? asked?.child() ?? TraceContext()
    }
}

private struct HeaderExtractor: Extractor {
    func extract(key: String, from headers: HTTPFields) -> String? {
        HTTPField.Name(key).flatMap { headers[$0] }
    }
}

private struct DictionaryInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
        carrier[key.lowercased()] = value
    }
}
