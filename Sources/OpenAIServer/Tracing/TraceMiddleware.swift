import HTTPTypes
import Hummingbird
import Instrumentation
import Tracing

/// Gives every request a span, and tells the client its place in the trace.
///
/// Stands before `RequestMiddleware`, which throws nothing and writes the log.
struct TraceMiddleware: RouterMiddleware {
    func handle(
        _ request: Request,
        context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let trace = RequestTrace(request.headers, name: request.method.rawValue)
        context.trace = trace
        let span = trace.span
        var response: Response
        do {
            response = try await InstrumentationContext.withValue(span.context) { try await next(request, context) }
        } catch {
            span.recordError(error)
            span.end()
            throw error
        }
        response.headers[.traceresponse] = trace.place.header
        if let route = context.endpointPath { span.operationName = "\(request.method.rawValue) \(route)" }
        let status = Int(response.status.code)
        span.updateAttributes { attributes in
            attributes["http.request.method"] = request.method.rawValue
            attributes["http.route"] = context.endpointPath
            attributes["url.path"] = request.uri.path
            attributes["http.response.status_code"] = status
            if status >= 400 { attributes["error.type"] = "\(status)" }
        }
        if status >= 500 { span.setStatus(SpanStatus(code: .error)) }
        guard response.body.contentLength == nil else {
            span.end()
            return response
        }
        let body = response.body
        response.body = ResponseBody { writer in
            defer { span.end() }
            try await InstrumentationContext.withValue(span.context) { try await body.write(writer) }
        }
        return response
    }
}
