import HTTPTypes
import Hummingbird
import InferenceEngine
import Logging

/// Names every request, turns what it throws into OpenAI's errors, and logs what became of it.
struct RequestMiddleware: RouterMiddleware {
    /// Thrown after a response whose connection cannot go on: the request's body has not been read.
    private struct CloseConnection: Error {}

    func handle(
        _ request: Request,
        context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let started = ContinuousClock.now
        var context = context
        context.record = RequestRecord(id: RequestRecord.identifier(request.headers[.requestID]))
        let record = context.record
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let error = Self.apiError(error, request)
            record.fail(error)
            response = try Self.response(error, closing: request.hasBody && !record.bodyIsRead)
        }
        response.headers[.requestID] = record.id
        let (logger, status) = (context.logger, response.status)
        @Sendable func log() {
            Self.log(request, status, record, ContinuousClock.now - started, logger)
        }
        guard response.body.contentLength == nil else {
            log()
            return response
        }
        let body = response.body
        response.body = ResponseBody { writer in
            defer { log() }
            try await body.write(writer)
        }
        return response
    }

    private static func apiError(_ error: any Error, _ request: Request) -> APIError {
        switch error {
        case let error as APIError: error
        case let error as HTTPError where error.status == .notFound:
            APIError(
                .notFound,
                type: "invalid_request_error",
                "there is no \(request.method.rawValue) \(request.uri.path.escaped(limit: 200)) here",
                code: "not_found"
            )
        case let error as HTTPError:
            APIError(error.status, type: "invalid_request_error", error.body ?? error.status.reasonPhrase)
        case is ClientGone, is CancellationError:
            APIError(.init(code: 499, reasonPhrase: "Client Closed Request"), type: "cancelled", "the client has gone")
        case let error as EngineError: APIError(error)
        default: APIError(.internalServerError, type: "server_error", "the server failed; its log says more")
        }
    }

    private static func response(_ error: APIError, closing: Bool) throws -> Response {
        var response = try Response(json: ErrorBody(error), status: error.status)
        response.headers.append(contentsOf: error.headers)
        if let seconds = error.retryAfter { response.headers[.retryAfter] = String(seconds) }
        if error.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        guard closing else { return response }
        response.headers[.connection] = "close"
        let body = response.body
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            try await body.write(writer)
            throw CloseConnection()
        }
        return response
    }

    private static func log(
        _ request: Request,
        _ status: HTTPResponse.Status,
        _ record: RequestRecord,
        _ duration: Duration,
        _ logger: Logger
    ) {
        var fields: Logger.Metadata = [
            "id": "\(record.id)",
            "method": "\(request.method.rawValue)",
            "path": "\(request.uri.path)",
            "status": "\(status.code)",
            "seconds": "\(duration / .seconds(1))",
        ]
        if let key = record.key { fields["key"] = "\(key.name)" }
        if let usage = record.usage {
            fields["prompt_tokens"] = "\(usage.promptTokens)"
            fields["completion_tokens"] = "\(usage.completionTokens)"
        }
        if let error = record.error { fields["error"] = "\(error.code ?? error.type)" }
        logger.log(level: status.kind == .serverError ? .error : .info, "request", metadata: fields)
    }
}

extension Request {
    var hasBody: Bool {
        headers.contains(.transferEncoding) || (headers[.contentLength].map { $0 != "0" } ?? false)
    }
}
