import BatchJobs
import HTTPTypes
import Hummingbird
import InferenceEngine
import Logging

/// Names every request, turns what it throws into OpenAI's errors, and logs what became of it.
struct RequestMiddleware: RouterMiddleware {
    /// Thrown after a response whose connection cannot go on: the request's body has not been read.
    private struct CloseConnection: Error {}

    let report: HTTPReport
    let admission: Admission

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
            let told = APIError(error, request)
            record.fail(told)
            if told.status.code == APIError.clientGone.status.code { report.clientLeft() }
            if told.status.kind == .serverError, !(error is APIError) {
                var fields: Logger.Metadata = ["id": "\(record.id)", "reason": "\(error)"]
                if let place = context.trace?.place { fields["trace_id"] = "\(place.traceID)" }
                context.logger.error("failure", metadata: fields)
            }
            response = try Self.response(told, closing: request.hasBody && !record.bodyIsRead)
            if request.method == .head { response = response.createHeadResponse() }
        }
        response.headers[.requestID] = record.id
        // A client that would send its next request on this connection might find it closed.
        if admission.isDraining { response.headers[.connection] = "close" }
        let (logger, status, traceID) = (context.logger, response.status, context.trace?.place.traceID)
        @Sendable func log() {
            Self.log(request, status, record, traceID, ContinuousClock.now - started, logger)
        }
        guard response.body.contentLength == nil else {
            log()
            return response
        }
        let body = response.body
        response.body = ResponseBody { writer in
            defer { log() }
            do {
                try await body.write(writer)
            } catch {
                // What could be told to the client has been told by the body.
                record.fail(.clientGone)
                report.clientLeft()
                throw error
            }
        }
        return response
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

    /// Probes come every few seconds and say nothing new.
    private static func isProbe(_ request: Request) -> Bool {
        HealthRoutes.open.contains(request.uri.path)
    }

    private static func log(
        _ request: Request,
        _ status: HTTPResponse.Status,
        _ record: RequestRecord,
        _ traceID: String?,
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
        if let traceID { fields["trace_id"] = "\(traceID)" }
        if let key = record.key { fields["key"] = "\(key.name)" }
        if let origin = record.origin { fields["cache"] = "\(origin)" }
        if let usage = record.usage {
            fields["prompt_tokens"] = "\(usage.promptTokens)"
            fields["completion_tokens"] = "\(usage.completionTokens)"
        }
        var level = isProbe(request) ? Logger.Level.debug : .info
        if let error = record.error {
            fields["error"] = "\(error.code ?? error.type)"
            if error.status.kind == .serverError {
                // A fault of the server's; what clients get wrong may repeat what they asked.
                fields["reason"] = "\(error.message)"
                level = error.status == .internalServerError ? .error : .warning
            }
        }
        logger.log(level: level, "request", metadata: fields)
    }
}

extension Request {
    var hasBody: Bool {
        headers.contains(.transferEncoding) || (headers[.contentLength].map { $0 != "0" } ?? false)
    }
}

extension APIError {
    /// What a client is told of any error.
    fileprivate init(_ error: any Error, _ request: Request) {
        self =
            switch error {
            case let error as APIError: error
            case let error as EngineError: APIError(error)
            case let error as BatchError: APIError(error)
            case let error as HTTPError where error.status == .notFound:
                APIError(
                    .notFound,
                    type: "invalid_request_error",
                    "there is no \(request.method.rawValue) \(request.uri.path.escaped(limit: 200)) here",
                    code: "not_found"
                )
            case let error as HTTPError:
                APIError(error.status, type: "invalid_request_error", error.body ?? error.status.reasonPhrase)
            case is ClientGone, is CancellationError: .clientGone
            default: .failed
            }
    }

    fileprivate static let clientGone = APIError(
        HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request"),
        type: "cancelled",
        "the client has gone"
    )
}
